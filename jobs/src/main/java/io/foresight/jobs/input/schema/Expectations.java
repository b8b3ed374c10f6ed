package io.foresight.jobs.input.schema;

import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.engine.prompt.MessagesPrompt;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Setting;
import io.foresight.spark.ColumnSettings;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.types.DataType;

/** What the settings expect of the columns that they name. */
public final class Expectations {

  private final Map<String, Expectation> byColumn = new HashMap<>();
  private final Set<String> concepts = new LinkedHashSet<>();
  private final Set<String> forms = new LinkedHashSet<>();
  private String id;

  private Expectations() {}

  /** What decoding needs. */
  public static Expectations of(GenerationSettings settings) {
    Expectations all = new Expectations();
    all.addRewards(settings.rewards());
    all.id = ColumnSettings.idColumn(settings.settings());
    if (ColumnSettings.idColumn(settings.settings()) != null) {
      all.byColumn.putIfAbsent(ColumnSettings.idColumn(settings.settings()), Expectation.ID);
    }
    all.add(named(settings, RowSettings.MAX_NEW_TOKENS), Expectation.COUNT);
    all.add(named(settings, RowSettings.STOP), Expectation.TEXT_OR_TEXTS);
    for (String column : settings.prompt().columns()) {
      boolean messages =
          settings.prompt() instanceof MessagesPrompt of && of.column().equals(column);
      all.byColumn.putIfAbsent(column, messages ? Expectation.MESSAGES : Expectation.PROMPT);
    }
    return all;
  }

  /** A column that a setting names; null if it names none. */
  private static String named(GenerationSettings settings, Setting<String> setting) {
    String column = settings.settings().get(setting);
    return column.isBlank() ? null : column;
  }

  /**
   * What scoring needs.
   *
   * @param id kept as it is spelled; null if there is none
   */
  public static Expectations of(ScoringSettings settings, String id) {
    Expectations all = new Expectations();
    all.addRewards(settings.rewards());
    all.byColumn.put(settings.textColumn(), Expectation.TEXT);
    if (id != null) {
      all.byColumn.putIfAbsent(id, Expectation.SPELLED);
    }
    return all;
  }

  private void addRewards(RewardSpec rewards) {
    for (RewardSpec.Named reward : rewards.rewards()) {
      Map<String, Object> settings = reward.settings();
      switch (String.valueOf(settings.get("type"))) {
        case "keyword-coverage" -> {
          String words = String.valueOf(settings.getOrDefault("concepts-column", "concepts"));
          String alternatives = String.valueOf(settings.getOrDefault("forms-column", "forms"));
          add(words, Expectation.TEXTS);
          add(alternatives, Expectation.TEXT_LISTS);
          concepts.add(words);
          forms.add(alternatives);
        }
        case "forbidden-words" -> add(settings.get("words-column"), Expectation.TEXTS);
        case "regex" -> add(settings.get("pattern-column"), Expectation.TEXT);
        case "json-schema" -> add(settings.get("schema-column"), Expectation.TEXT);
        case "similarity" ->
            add(settings.getOrDefault("reference-column", "reference"), Expectation.TEXT_OR_TEXTS);
        case "length" -> {
          add(settings.get("at-least-column"), Expectation.COUNT);
          add(settings.get("at-most-column"), Expectation.COUNT);
        }
        default -> {
          // What a program or a reward of another project wants, it says itself.
        }
      }
    }
  }

  private void add(Object column, Expectation expectation) {
    if (column != null) {
      // Of two that differ the narrower cannot be met; the rewards tell what they cannot read.
      byColumn.merge(
          column.toString(),
          expectation,
          (one, other) -> one == other ? one : Expectation.TEXT_OR_TEXTS);
    }
  }

  /** What is expected of a column; null if the settings do not name it. */
  public Expectation of(String column) {
    return byColumn.get(column);
  }

  public Map<String, Expectation> all() {
    return byColumn;
  }

  /** Columns of concepts. */
  public Set<String> concepts() {
    return concepts;
  }

  /** Columns of the alternatives to concepts. */
  public Set<String> forms() {
    return forms;
  }

  /** What a column of this type must be instead; null if it is right, as far as a type tells. */
  public String wanted(String column, DataType type) {
    Expectation expectation =
        column.equals(id) && !(type instanceof org.apache.spark.sql.types.AtomicType)
            ? Expectation.ID
            : byColumn.get(column);
    if (expectation == null) {
      return null;
    }
    boolean right =
        switch (expectation) {
          case ID -> type instanceof org.apache.spark.sql.types.AtomicType;
          case TEXTS, TEXT_LISTS ->
              // Elements may be null by the schema; a null that is there makes an error row.
              type instanceof org.apache.spark.sql.types.ArrayType
                  && type.asNullable().equals(expectation.type(new Shape()));
          default -> true;
        };
    return right ? null : expectation.words();
  }
}
