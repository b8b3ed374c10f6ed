package io.foresight.jobs.settings;

import io.foresight.settings.Catalog;
import io.foresight.settings.Secrets;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingsReader;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints settings with their values, and where each was given. */
@Command(
    name = "settings",
    description = "Prints every setting with its value and where that comes from.",
    mixinStandardHelpOptions = true)
public final class SettingsJob implements Callable<Integer> {

  @Mixin private SettingsOptions options;

  @Parameters(
      arity = "0..1",
      paramLabel = "PREFIX",
      description = "Only settings whose names begin so, such as decoding.tree.")
  private String prefix = "";

  @Option(names = "--describe", description = "Says what each does, too.")
  private boolean describe;

  /** Where a value comes from begins in this column, if it can. */
  private static final int ORIGIN_COLUMN = 60;

  @Override
  public Integer call() {
    SettingsReader reader = options.read(Map.of());
    for (Setting<?> setting : Catalog.load().settings()) {
      if (setting.key().startsWith(prefix)) {
        if (describe) {
          System.out.println("# " + setting.description());
        }
        String line = setting.key() + " = " + Secrets.hidden(reader.shown(setting));
        System.out.printf(
            "%-" + ORIGIN_COLUMN + "s # %s%n", line, reader.origin(setting).orElse("default"));
      }
    }
    reader.finish();
    return 0;
  }
}
