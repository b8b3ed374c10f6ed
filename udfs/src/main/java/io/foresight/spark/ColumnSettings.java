package io.foresight.spark;

import io.foresight.settings.Problems;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.settings.Settings;
import java.util.List;

/** The settings of columns that rows are known by, and that are added to them. */
public final class ColumnSettings implements SettingGroup {

  public static final Setting<String> ID =
      Setting.text("input.columns.id", "id")
          .does("Unique id; empty: an id is derived from each row's content");

  public static final Setting<String> PREFIX =
      Setting.text("output.prefix", "")
          .does(
              "What precedes the names of the columns that are added to the input's, such as judge_; empty: nothing");

  @Override
  public List<Setting<?>> settings() {
    return Setting.declaredIn(ColumnSettings.class);
  }

  /** The column of unique ids; {@code null}: an id is derived from each row's content. */
  public static String idColumn(Settings settings) {
    String column = settings.get(ID);
    return column.isBlank() ? null : column;
  }

  /** Notes what is wrong with them. */
  public static void check(Settings settings, Problems problems) {
    if (!settings.get(PREFIX).matches("\\w*")) {
      problems.problem(PREFIX, "it must be of letters, digits and _, such as judge_.");
    }
  }
}
