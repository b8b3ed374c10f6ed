package io.foresight.jobs.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.foresight.settings.SettingsException;
import io.foresight.settings.SettingsReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options by which every Spark job takes settings. */
public final class SettingsOptions {

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "HOCON file of settings; may be repeated, a later one wins.")
  private List<Path> configs = new ArrayList<>();

  @Option(names = "--set", paramLabel = "key=value", description = "One setting; may be repeated.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--input",
      paramLabel = "P",
      description = "The same as --set input.path=P; may be repeated, all are read.")
  private List<String> inputs = new ArrayList<>();

  /** What is to be read, as options give it; empty if they do not. */
  public List<String> inputs() {
    return List.copyOf(inputs);
  }

  /**
   * The settings that were given, over the defaults.
   *
   * @param job name of the job, for the folder that it writes to unless one is given
   * @param further settings of the job's own options; they go before all others
   * @throws SettingsException with every problem
   */
  public JobSettings bind(String job, Map<String, Object> further) {
    return JobSettings.bind(job, read(further));
  }

  /**
   * The same, not yet bound.
   *
   * @throws SettingsException if nothing can be
   */
  public SettingsReader read(Map<String, Object> further) {
    Config own = ConfigFactory.parseMap(further);
    if (!inputs.isEmpty()) {
      Object path = inputs.size() == 1 ? inputs.get(0) : inputs;
      own = own.withFallback(ConfigFactory.parseMap(Map.of("input.path", path)));
    }
    SettingsReader reader = SettingsReader.layered(configs, overrides, own);
    reader.aliases().forEach(alias -> System.err.println("Note: " + alias));
    return reader;
  }
}
