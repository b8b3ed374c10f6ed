package io.foresight.store;

import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;

/** A process that copies a model and prints its folder. */
final class StoreProcess {

  private StoreProcess() {}

  static Process start(String model, StoreSettings settings, Path log, int delay)
      throws java.io.IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            StoreProcess.class.getName(),
            model,
            settings.folder(),
            String.valueOf(settings.bytes()),
            log.toString(),
            String.valueOf(delay))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  public static void main(String[] args) {
    Configuration hadoop = FarFileSystem.configuration(Path.of(args[3]));
    hadoop.set("far.delay", args[4]);
    try (ModelStore store =
        new ModelStore(new StoreSettings(args[1], Long.parseLong(args[2])), hadoop)) {
      System.out.println(store.folder(args[0]));
    }
  }
}
