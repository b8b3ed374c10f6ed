package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.jobs.train.TinyModels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A job run in this process, as its command line would: exit code and what it printed. */
public record JobRun(int code, String out, String err) {

  /** Runs a job on Spark's local mode with two task slots. */
  public static JobRun of(String... args) {
    System.setProperty("spark.master", "local[2]");
    System.setProperty("spark.ui.enabled", "false");
    System.setProperty("spark.sql.shuffle.partitions", "4");
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    ByteArrayOutputStream complained = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(complained, true, StandardCharsets.UTF_8));
      int code = Main.run(args);
      return new JobRun(
          code,
          printed.toString(StandardCharsets.UTF_8),
          complained.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  /** This, after checking that the exit code says success. */
  public JobRun succeeded() {
    assertThat(code).as(err).isZero();
    return this;
  }

  /** A folder with two tiny models and the arguments that name them. */
  public record Folder(Path path, Path target, Path draft) {

    public static Folder create(Path path) throws IOException {
      return new Folder(
          path,
          TinyModels.write(path.resolve("target"), 1),
          TinyModels.write(path.resolve("draft"), 2));
    }

    public Path file(String name, String... lines) throws IOException {
      return Files.write(path.resolve(name), List.of(lines));
    }

    /** Runs {@code generate} with these models; later arguments win. */
    public JobRun generate(Object... further) {
      List<String> args =
          new ArrayList<>(
              List.of(
                  "generate",
                  "--set",
                  "models.target=" + target,
                  "--set",
                  "models.draft=" + draft,
                  "--set",
                  "decoding.max-new-tokens=6"));
      for (Object argument : further) {
        args.add(argument.toString());
      }
      return JobRun.of(args.toArray(String[]::new));
    }
  }
}
