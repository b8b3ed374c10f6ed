package io.foresight.engine;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.RowFault;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Settings that a row may have values of its own for, in columns; null leaves the run's. */
public final class RowSettings implements SettingGroup {

  public static final Setting<String> MAX_NEW_TOKENS =
      Setting.text("input.columns.max-new-tokens", "")
          .changes(Setting.Effect.GENERATION)
          .does("Column of a row's own decoding.max-new-tokens; empty: none has one");

  public static final Setting<String> TEMPERATURE =
      Setting.text("input.columns.temperature", "")
          .changes(Setting.Effect.GENERATION)
          .does("Column of a row's own decoding.temperature; empty: none has one");

  public static final Setting<String> STOP =
      Setting.text("input.columns.stop", "")
          .changes(Setting.Effect.GENERATION)
          .does("Column of a row's own decoding.stop, a text or a list; empty: none has one");

  @Override
  public List<Setting<?>> settings() {
    return Setting.declaredIn(RowSettings.class);
  }

  /** What the columns hold that the settings name, by column. */
  public static Map<String, String> columns(Settings settings) {
    Map<String, String> columns = new LinkedHashMap<>();
    for (Setting<String> setting : List.of(MAX_NEW_TOKENS, TEMPERATURE, STOP)) {
      if (!settings.get(setting).isBlank()) {
        columns.put(settings.get(setting), "what " + setting.key() + " names");
      }
    }
    return columns;
  }

  /**
   * The settings of one row.
   *
   * @param run those of the run
   * @param values the row's, by column
   * @throws RowFault of kind input if a value is none that the setting can have
   */
  static Settings of(Settings run, Map<String, Object> values) {
    Settings own = run;
    Object tokens = value(run, MAX_NEW_TOKENS, values);
    if (tokens != null) {
      double number = number(run.get(MAX_NEW_TOKENS), tokens);
      if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
        throw fault(run.get(MAX_NEW_TOKENS), tokens, "it must be a whole number.");
      }
      own = with(own, DecodingSettings.MAX_NEW_TOKENS, (int) number, run.get(MAX_NEW_TOKENS));
    }
    Object temperature = value(run, TEMPERATURE, values);
    if (temperature != null) {
      double number = number(run.get(TEMPERATURE), temperature);
      own = with(own, DecodingSettings.TEMPERATURE, number, run.get(TEMPERATURE));
    }
    Object stop = value(run, STOP, values);
    return stop == null ? own : own.with(DecodingSettings.STOP, texts(run.get(STOP), stop));
  }

  private static Object value(Settings run, Setting<String> column, Map<String, Object> values) {
    return run.get(column).isBlank() ? null : values.get(run.get(column));
  }

  private static <T> Settings with(Settings own, Setting<T> setting, T value, String column) {
    try {
      return own.with(setting, value);
    } catch (IllegalArgumentException e) {
      throw fault(column, value, e.getMessage());
    }
  }

  private static double number(String column, Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    try {
      // Files of texts alone, as CSV is, have no numbers.
      return Double.parseDouble(value.toString().strip());
    } catch (NumberFormatException e) {
      throw fault(column, value, "it must be a number.");
    }
  }

  private static List<String> texts(String column, Object value) {
    if (value instanceof String text) {
      return text.isEmpty() ? List.of() : List.of(text);
    }
    List<String> texts = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object item : list) {
        if (!(item instanceof String text)) {
          throw fault(column, value, "it must be a text or a list of texts.");
        }
        texts.add(text);
      }
      return texts;
    }
    throw fault(column, value, "it must be a text or a list of texts.");
  }

  private static RowFault fault(String column, Object value, String reason) {
    return new RowFault(
        RowFault.Kind.INPUT, "Cannot use column %s with %s: %s".formatted(column, value, reason));
  }
}
