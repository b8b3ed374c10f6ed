package io.foresight.decoding;

import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Settings that cannot matter beside others, so that whoever gave one can be told. */
public final class IdleSettings {

  /** What every strategy reads, in one way or another. */
  private static final Set<Setting<?>> OF_ALL =
      Set.of(
          DecodingSettings.STRATEGY,
          DecodingSettings.MAX_NEW_TOKENS,
          DecodingSettings.STOP,
          DecodingSettings.MIN_NEW_TOKENS,
          DecodingSettings.REPETITION_PENALTY,
          DecodingSettings.NO_REPEAT_NGRAM,
          DecodingSettings.BANNED_TOKENS,
          DecodingSettings.TOKEN_BIAS);

  private IdleSettings() {}

  /**
   * What changes no token under {@code settings}.
   *
   * @return reasons, by key
   */
  public static Map<String, String> of(Settings settings) {
    StrategyFactory chosen = Strategies.factory(settings);
    Set<Setting<?>> all = new LinkedHashSet<>(new DecodingSettings().settings());
    Strategies.all().forEach(factory -> all.addAll(factory.reads()));
    all.removeAll(OF_ALL);
    Map<String, String> idle = new TreeMap<>();
    for (Setting<?> setting : all) {
      if (!chosen.reads().contains(setting)) {
        idle.put(setting.key(), unread(chosen, setting));
      }
    }
    chosen.idle(settings).forEach((setting, reason) -> idle.put(setting.key(), reason));
    return idle;
  }

  private static String unread(StrategyFactory chosen, Setting<?> setting) {
    List<String> readers =
        Strategies.all().stream()
            .filter(factory -> factory.reads().contains(setting))
            .map(StrategyFactory::name)
            .toList();
    return "%s does not read it; %s".formatted(chosen.name(), said(readers));
  }

  private static String said(List<String> readers) {
    int last = readers.size() - 1;
    return last == 0
        ? readers.get(0) + " does"
        : String.join(", ", readers.subList(0, last)) + " and " + readers.get(last) + " do";
  }

  /** What is idle in a strategy that samples only where the verification says so. */
  public static Map<Setting<?>, String> unlessSampling(String strategy, Settings settings) {
    Map<Setting<?>, String> idle = new HashMap<>();
    if (settings.get(DecodingSettings.VERIFICATION) == Verification.HARD) {
      for (Setting<?> setting : SAMPLING) {
        idle.put(setting, strategy + " samples nothing under decoding.verification = hard");
      }
    }
    return idle;
  }

  /** What a strategy that samples reads. */
  public static final List<Setting<?>> SAMPLING =
      List.of(DecodingSettings.TEMPERATURE, DecodingSettings.TOP_K, DecodingSettings.TOP_P);

  /** The same where the verification says whether it samples, and further settings. */
  public static List<Setting<?>> andSampling(Setting<?>... further) {
    List<Setting<?>> all = new ArrayList<>(SAMPLING);
    all.add(DecodingSettings.VERIFICATION);
    all.addAll(List.of(further));
    return all;
  }
}
