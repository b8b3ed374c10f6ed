package io.foresight.spark.run;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** A driver of its own, which may be killed: fake work over an input of Parquet. */
final class RunProcess {

  private RunProcess() {}

  /** Arguments: master, output, input, rows per shard, milliseconds per row, and "overwrite". */
  public static void main(String[] args) {
    int code = 0;
    try (SparkSession spark = FakeWork.session(args[0])) {
      RunRequest plain =
          FakeWork.request(args[1], Integer.parseInt(args[3]), Map.of("input", args[2]), args[2]);
      RunRequest request =
          new RunRequest(
              plain.job(),
              plain.verb(),
              plain.output(),
              plain.format(),
              args.length > 5,
              false,
              false,
              plain.shardRows(),
              plain.maxErrorFraction(),
              plain.identity(),
              plain.input(),
              plain.described());
      FakeWork.run(spark, request, spark.read().parquet(args[2]), Integer.parseInt(args[4]));
    } catch (RunException e) {
      System.err.println(e.getMessage());
      code = e.kind() == RunException.Kind.HELD ? 9 : 1;
    }
    System.exit(code);
  }

  /** Starts this, or a job, in a process of its own. */
  static Process start(Class<?> main, File log, String... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("--add-opens") || argument.startsWith("-XX:"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-Xmx512m",
            "-Dspark.master=local[2]",
            "-Dspark.ui.enabled=false",
            "-Dai.djl.pytorch.num_threads=1",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName()));
    command.addAll(List.of(args));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
        .start();
  }
}
