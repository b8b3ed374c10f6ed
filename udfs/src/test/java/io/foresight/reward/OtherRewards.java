package io.foresight.reward;

import io.foresight.reward.RewardFunction.RowReward;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Rewards as if of others' jars: made by a factory that a service file names. */
final class OtherRewards {

  static final String NAME = "mine";

  private OtherRewards() {}

  /** Makes whatever a test wants. */
  public static final class Factory implements RewardFactory {

    private static Function<RewardSettings, RewardFunction> making;

    @Override
    public String type() {
      return "other";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      return making.apply(settings);
    }
  }

  /** The rewards of a run with one of others, called {@link #NAME}. */
  static Rewards open(
      Path folder, Map<String, Object> settings, Function<RewardSettings, RewardFunction> making)
      throws IOException {
    Factory.making = making;
    Map<String, Object> all = new HashMap<>(settings);
    all.put("type", "other");
    return open(folder, List.of(Factory.class.getName()), RewardSpec.of(NAME, all));
  }

  /** The rewards of a run with factories of others, by their classes' names. */
  static Rewards open(Path folder, List<String> factories, RewardSpec spec) throws IOException {
    Path services = folder.resolve("META-INF/services");
    Files.createDirectories(services);
    Files.write(services.resolve(RewardFactory.class.getName()), factories);
    try (URLClassLoader loader =
        new URLClassLoader(
            new URL[] {folder.toUri().toURL()}, OtherRewards.class.getClassLoader())) {
      return open(loader, spec);
    }
  }

  /** The rewards of a run that sees what {@code loader} loads. */
  static Rewards open(ClassLoader loader, RewardSpec spec) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      return Rewards.open(spec, TextScorer.Source.ELSEWHERE);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /** A function whose rows all have the same reward. */
  static RewardFunction function(RowReward reward) {
    return row -> Optional.of(reward);
  }
}
