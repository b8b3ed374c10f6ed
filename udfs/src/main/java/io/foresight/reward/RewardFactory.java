package io.foresight.reward;

import java.nio.file.Path;
import java.util.Map;

/**
 * A kind of reward. Those of other projects are found by {@link java.util.ServiceLoader}: name the
 * class in {@code META-INF/services/io.foresight.reward.RewardFactory} of a jar that is given with
 * {@code --jars}. It needs a public constructor without parameters.
 */
public interface RewardFactory {

  /** The name that settings give as {@code type}; lower case with hyphens. */
  String type();

  /**
   * Reads the settings and makes the reward. Called on the driver, to check them, and for every
   * task; so nothing is started or loaded before the first row needs it.
   *
   * @param settings a problem is noted there rather than thrown, so that all are reported together;
   *     what is returned is not used if there was one
   */
  RewardFunction create(RewardSettings settings);

  /**
   * Files of this host that the reward runs, whose content changes what it says.
   *
   * @param settings as {@link #create} takes them
   * @return by what each is of the reward, such as {@code command.0}
   */
  default Map<String, Path> files(RewardSettings settings) {
    return Map.of();
  }
}
