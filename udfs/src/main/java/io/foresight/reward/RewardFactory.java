package io.foresight.reward;

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
}
