package io.foresight.reward;

import java.net.URI;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The kinds of rewards that there are: ours, and those on the class path. */
final class RewardTypes {

  private RewardTypes() {}

  /**
   * By type.
   *
   * @throws InvalidRewardsException if a factory on the class path cannot be used
   */
  static Map<String, RewardFactory> all() {
    Map<String, RewardFactory> all = new TreeMap<>();
    for (RewardFactory factory :
        ServiceLoader.load(RewardFactory.class, RewardTypes.class.getClassLoader())) {
      if (isOurs(factory)) {
        all.put(factory.type(), factory);
      }
    }
    try {
      // Jars of --jars are seen by the thread's class loader, not by that of this class.
      for (RewardFactory factory :
          ServiceLoader.load(RewardFactory.class, Thread.currentThread().getContextClassLoader())) {
        if (isOurs(factory)) {
          continue;
        }
        String type = type(factory);
        RewardFactory other = all.get(type);
        if (other != null) {
          throw new InvalidRewardsException(
              List.of(
                  "The reward type %s is both %s and %s. Take one of them off the class path."
                      .formatted(
                          type,
                          (other instanceof TimeLimited.Factory of ? of.factory() : other)
                              .getClass()
                              .getName(),
                          factory.getClass().getName())));
        }
        all.put(type, new TimeLimited.Factory(factory));
      }
    } catch (ServiceConfigurationError | LinkageError e) {
      throw new InvalidRewardsException(
          List.of("Cannot load a reward of --jars: " + e.getMessage() + ". Correct the jar."));
    }
    return all;
  }

  /** Whether it comes in the same jar as this class. */
  private static boolean isOurs(RewardFactory factory) {
    return place(factory.getClass()).equals(place(RewardTypes.class));
  }

  /** The jar, or the folder of classes, that a class is loaded from, where it is known. */
  static Optional<Path> place(Class<?> type) {
    CodeSource source = type.getProtectionDomain().getCodeSource();
    return Optional.ofNullable(source == null ? null : source.getLocation())
        .filter(location -> location.getProtocol().equals("file"))
        .map(location -> Path.of(URI.create(location.toString())));
  }

  private static String type(RewardFactory factory) {
    String type;
    try {
      type = factory.type();
    } catch (RuntimeException e) {
      throw unusable(factory, "its type() throws " + e, e);
    }
    if (type == null || type.isBlank()) {
      throw unusable(factory, "its type() gives no name", null);
    }
    return type;
  }

  private static InvalidRewardsException unusable(
      RewardFactory factory, String reason, RuntimeException cause) {
    InvalidRewardsException unusable =
        new InvalidRewardsException(
            List.of(
                "Cannot use the reward factory %s: %s. Correct it."
                    .formatted(factory.getClass().getName(), reason)));
    unusable.initCause(cause);
    return unusable;
  }
}
