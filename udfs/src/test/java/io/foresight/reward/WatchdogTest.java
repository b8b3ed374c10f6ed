package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.reward.program.CommandLine;
import io.foresight.reward.program.ProgramRun;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Programs of a JVM that is killed. */
class WatchdogTest {

  /** Heeds neither its input nor signals, and leaves another behind that does not either. */
  private static final String STUBBORN =
      """
      trap '' HUP INT TERM
      setsid sleep 300 >/dev/null 2>&1 </dev/null &
      echo "$$ $!" >&3
      exec sleep 300
      """;

  /** A JVM with such a program, which writes its processes' ids into a file. */
  static final class Host {

    private Host() {}

    public static void main(String[] args) throws InterruptedException {
      new ProgramRun(
          new CommandLine(List.of("sh", "-c", "exec 3>'" + args[0] + "'\n" + STUBBORN), List.of()));
      Thread.sleep(Duration.ofMinutes(5).toMillis());
    }
  }

  private static String firstLine(Path file) throws IOException, InterruptedException {
    for (int i = 0; i < 300; i++) {
      if (Files.exists(file) && Files.readString(file).endsWith("\n")) {
        return Files.readString(file).strip();
      }
      Thread.sleep(100);
    }
    throw new AssertionError("The program did not start.");
  }

  @Test
  void endWithIt(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("ids");
    Process host =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Host.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .redirectOutput(Redirect.DISCARD)
            .start();
    try {
      String[] pids = firstLine(file).split(" ");
      CompletableFuture<?>[] ends = new CompletableFuture<?>[pids.length];
      for (int i = 0; i < ends.length; i++) {
        ProcessHandle process = ProcessHandle.of(Long.parseLong(pids[i])).orElseThrow();
        assertThat(process.isAlive()).isTrue();
        ends[i] = process.onExit();
      }
      host.destroyForcibly().waitFor();
      CompletableFuture.allOf(ends).get(20, TimeUnit.SECONDS);
    } finally {
      host.destroyForcibly();
    }
  }
}
