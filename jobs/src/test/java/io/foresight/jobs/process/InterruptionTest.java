package io.foresight.jobs.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Processes that get SIGTERM. */
class InterruptionTest {

  /**
   * Works until it is told to end, which takes as many seconds as it is given; what it then has to
   * say may hang, or throw.
   */
  static final class Host {

    private Host() {}

    public static void main(String[] args) throws Exception {
      Interruption.listen();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> rest(Integer.parseInt(args[0]))));
      Interruption.during(
          () -> advice(args[1]),
          () -> {
            System.err.println("working");
            rest(600);
            return null;
          });
    }

    private static String advice(String how) {
      if (how.equals("throws")) {
        throw new IllegalStateException("nothing is known");
      }
      if (how.equals("hangs")) {
        rest(600);
      }
      return "The same command goes on.";
    }

    private static void rest(int seconds) {
      try {
        TimeUnit.SECONDS.sleep(seconds);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** To be ended by its handle, which leaves open what it has printed. */
  private static Process working(int seconds, String advice) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Host.class.getName(),
                String.valueOf(seconds),
                advice)
            .redirectErrorStream(true)
            .start();
    BufferedReader printed = process.inputReader();
    String line = printed.readLine();
    while (line != null && !line.equals("working")) {
      line = printed.readLine();
    }
    assertThat(line).isEqualTo("working");
    return process;
  }

  @Test
  void theFirstEndsInOrderAndSaysHowToGoOn() throws IOException, InterruptedException {
    Process process = working(0, "comes");
    process.toHandle().destroy();
    assertThat(process.inputReader().lines())
        .containsExactly(
            "Interrupted by SIGTERM: ending. The next one ends it at once.",
            "The same command goes on.");
    assertThat(process.waitFor()).isEqualTo(143);
  }

  @Test
  void theSecondEndsAtOnce() throws IOException, InterruptedException {
    Process process = working(60, "comes");
    process.toHandle().destroy();
    assertThat(process.inputReader().readLine()).startsWith("Interrupted by SIGTERM");
    long first = System.nanoTime();
    process.toHandle().destroy();
    assertThat(process.waitFor()).isEqualTo(143);
    assertThat(System.nanoTime() - first).isLessThan(TimeUnit.SECONDS.toNanos(5));
  }

  @Test
  void whatDoesNotEndIsCutOff() throws IOException, InterruptedException {
    for (Process process : List.of(working(600, "comes"), working(0, "hangs"))) {
      process.toHandle().destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(143);
    }
  }

  @Test
  void itEndsEvenIfThereIsNothingToSay() throws IOException, InterruptedException {
    Process process = working(0, "throws");
    process.toHandle().destroy();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(143);
  }
}
