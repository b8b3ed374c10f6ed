package io.foresight.decoding;

import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.WeakHashMap;

/**
 * The strategies that there are, by name: those on the class path and in jars of {@code --jars}.
 */
public final class Strategies implements SettingGroup {

  /** By what the thread sees, since looking costs. */
  private static final Map<ClassLoader, Map<String, StrategyFactory>> FOUND =
      Collections.synchronizedMap(new WeakHashMap<>());

  private static Map<String, StrategyFactory> factories() {
    ClassLoader seen = Thread.currentThread().getContextClassLoader();
    return FOUND.computeIfAbsent(
        seen == null ? Strategies.class.getClassLoader() : seen, Strategies::find);
  }

  /** Those of this class' own loader are there whatever the thread sees. */
  private static Map<String, StrategyFactory> find(ClassLoader seen) {
    Map<String, StrategyFactory> factories = new LinkedHashMap<>();
    for (ClassLoader loader : new ClassLoader[] {Strategies.class.getClassLoader(), seen}) {
      for (StrategyFactory factory : ServiceLoader.load(StrategyFactory.class, loader)) {
        StrategyFactory other = factories.putIfAbsent(factory.name(), factory);
        if (other != null && other.getClass() != factory.getClass()) {
          throw new IllegalStateException(
              "Cannot tell strategies apart: %s is both %s and %s. Take one of them off the class path."
                  .formatted(
                      factory.name(), other.getClass().getName(), factory.getClass().getName()));
        }
      }
    }
    return factories;
  }

  /** Values of {@code decoding.strategy}. */
  public static List<String> names() {
    return List.copyOf(factories().keySet());
  }

  /** All of them. */
  public static List<StrategyFactory> all() {
    return List.copyOf(factories().values());
  }

  /**
   * The strategy that {@code settings} name.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public static Strategy of(Settings settings) {
    return factory(settings).create(settings);
  }

  /**
   * Whether the strategy that {@code settings} name promises the same tokens for any draft. The
   * ratio test does not: it draws another text for another draft.
   */
  public static boolean saysTheSameForAnyDraft(Settings settings) {
    return factory(settings).promise() != StrategyFactory.Promise.OWN
        && settings.get(DecodingSettings.VERIFICATION) != DecodingSettings.Verification.SAMPLING;
  }

  /** What makes it. */
  static StrategyFactory factory(Settings settings) {
    String name = settings.get(DecodingSettings.STRATEGY);
    StrategyFactory factory = factories().get(name);
    if (factory == null) {
      throw new IllegalArgumentException(
          "Cannot make strategy %s: the strategies are %s"
              .formatted(name, String.join(", ", names())));
    }
    return factory;
  }

  /** The settings that strategies declare for themselves. */
  @Override
  public List<Setting<?>> settings() {
    Set<Setting<?>> own = new LinkedHashSet<>();
    all().forEach(factory -> own.addAll(factory.reads()));
    own.removeAll(new DecodingSettings().settings());
    return new ArrayList<>(own);
  }
}
