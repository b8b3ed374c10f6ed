package io.foresight.jobs.curate.settings;

import io.foresight.settings.Problems;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.settings.Settings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The settings of {@code curate}. */
public final class CurationSettings implements SettingGroup {

  private static final Set<String> STATUSES = Set.of("ok", "unsatisfied", "truncated", "error");

  /** Columns of the forms. */
  private static final Set<String> FORMS =
      Set.of(
          "prompt",
          "completion",
          "messages",
          "chosen",
          "rejected",
          "score_chosen",
          "score_rejected",
          "margin");

  /** Names that the output has besides the splits'. */
  private static final Set<String> TAKEN = Set.of("dropped");

  public static final Setting<Form> FORM =
      Setting.choice("curate.form", Form.SFT)
          .changes(Setting.Effect.CURATION)
          .does(
              "What is written, by TRL's column names: sft (prompt, completion), chat (messages), preference (prompt, chosen, rejected, score_chosen, score_rejected, margin)");

  public static final Setting<List<String>> COLUMNS =
      Setting.names("curate.columns", "id")
          .changes(Setting.Effect.CURATION)
          .does(
              "Columns that are written besides those: some of the input's, and id, source, sample, reward, status, tokens; with commas between them");

  public static final Setting<List<String>> STATUS =
      Setting.names("curate.status")
          .changes(Setting.Effect.CURATION)
          .does(
              "Statuses of rows that are kept: some of ok, unsatisfied, truncated, error, with commas between them; empty: ok, and unsatisfied too for preference");

  public static final Setting<Double> MIN_REWARD =
      Setting.numberOrAuto("curate.min-reward", Double::isFinite, "finite")
          .changes(Setting.Effect.CURATION)
          .does("Least reward of a row that is kept; auto: any, or none");

  public static final Setting<Integer> MIN_WORDS =
      Setting.whole("curate.min-words", 1, 0)
          .changes(Setting.Effect.CURATION)
          .does("Fewest words of a text that is kept");

  public static final Setting<Integer> MAX_WORDS =
      Setting.whole("curate.max-words", 0, 0)
          .changes(Setting.Effect.CURATION)
          .does("Most words of a text that is kept; 0: any number");

  public static final Setting<Integer> MIN_TOKENS =
      Setting.whole("curate.min-tokens", 0, 0)
          .changes(Setting.Effect.CURATION)
          .does("Fewest tokens of a text that is kept; texts of unknown number are kept");

  public static final Setting<Integer> MAX_TOKENS =
      Setting.whole("curate.max-tokens", 0, 0)
          .changes(Setting.Effect.CURATION)
          .does(
              "Most tokens of a text that is kept; texts of unknown number are kept; 0: any number");

  public static final Setting<Double> MAX_PERPLEXITY =
      Setting.number("curate.max-perplexity", Double.POSITIVE_INFINITY, v -> v >= 1, "at least 1")
          .changes(Setting.Effect.CURATION)
          .does(
              "Highest perplexity of a text that is kept, exp(-log_prob / tokens) of the target that generated it; texts of unknown perplexity are kept");

  public static final Setting<List<String>> LANGUAGES =
      Setting.names("curate.languages")
          .changes(Setting.Effect.CURATION)
          .does(
              "Languages of texts that are kept, as ISO 639 codes (en or eng), with commas between them; empty: any");

  public static final Setting<Double> LANGUAGE_CONFIDENCE =
      Setting.number("curate.language-confidence", 0.58, v -> v >= 0.5 && v < 1, "in [0.5, 1)")
          .changes(Setting.Effect.CURATION)
          .does(
              "How sure the detector must be that a text is of another language before it is dropped: that one's probability as a share of its and the best wanted one's, in [0.5, 1); 0.5 drops whenever another one is likelier");

  public static final Setting<Scope> EXACT =
      Setting.choice("curate.exact", Scope.ALL)
          .changes(Setting.Effect.CURATION)
          .does(
              "Among which rows one of several equal texts is kept, case, punctuation and blanks aside: all, prompt, off");

  public static final Setting<Scope> NEAR =
      Setting.choice("curate.near.scope", Scope.ALL)
          .changes(Setting.Effect.CURATION)
          .does("Among which rows one of several near-duplicates is kept: all, prompt, off");

  public static final Setting<Integer> CHANGED_WORDS =
      Setting.whole("curate.near.changed-words", 3, 0)
          .changes(Setting.Effect.CURATION)
          .does(
              "Texts of up to 16 words are near-duplicates if no more words than this are changed, added or left out, and no more than three in eight; 0 to 3");

  public static final Setting<Double> JACCARD =
      Setting.number("curate.near.jaccard", 0.7, v -> v >= 0.5 && v <= 1, "in [0.5, 1]")
          .changes(Setting.Effect.CURATION)
          .does(
              "Texts of any length are near-duplicates if the Jaccard similarity of their words, each as often as it stands there, is at least this; in [0.5, 1]");

  public static final Setting<List<String>> REFERENCES =
      Setting.texts("curate.references.path")
          .changes(Setting.Effect.CURATION)
          .does(
              "Files of test data that must not be in the output: JSONL, Parquet, CSV, or a text per line; or a list of those");

  public static final Setting<List<String>> REFERENCE_COLUMNS =
      Setting.names("curate.references.column", "text")
          .changes(Setting.Effect.CURATION)
          .does(
              "Their columns of texts, or of lists of texts, with commas between them; nothing to files of lines");

  public static final Setting<Integer> NGRAM =
      Setting.whole("curate.references.ngram", 8, 1)
          .changes(Setting.Effect.CURATION)
          .does(
              "A text that has so many words in a row with a reference is dropped. Of shorter ones, the whole of one in the other, if it has four words, or both are equal");

  public static final Setting<Select> SELECT =
      Setting.choice("curate.select.by", Select.AUTO)
          .changes(Setting.Effect.CURATION)
          .does(
              "Which rows of a prompt are kept: best (by reward), above (a reward of at least curate.select.reward), diverse (those whose words differ most, the best first), all; auto: best, and all for preference");

  public static final Setting<Integer> SELECT_COUNT =
      Setting.whole("curate.select.count", 1, 1)
          .changes(Setting.Effect.CURATION)
          .does("How many of a prompt best and diverse keep");

  public static final Setting<Double> SELECT_REWARD =
      Setting.number("curate.select.reward", 1, Double::isFinite, "finite")
          .changes(Setting.Effect.CURATION)
          .does("Least reward of a row that above keeps");

  public static final Setting<Integer> PAIRS =
      Setting.whole("curate.preference.pairs", 1, 1)
          .changes(Setting.Effect.CURATION)
          .does("Most pairs of a prompt: its best row is chosen, the worst ones are rejected");

  public static final Setting<Double> MARGIN =
      Setting.number("curate.preference.margin", 0.1, v -> v > 0 && v < 1e9, "above 0")
          .changes(Setting.Effect.CURATION)
          .does("Least difference of the rewards of a pair");

  public static final Setting<Map<String, Object>> SPLIT =
      Setting.group("curate.split", Map.of(), "{}")
          .changes(Setting.Effect.CURATION)
          .does(
              "Shares of the prompts by names of your choice, such as { train = 0.8, validation = 0.1, test = 0.1 }, which make 1. No prompt, and no near-duplicate, is on two sides. Empty: train 0.9 and test 0.1");

  public static final Setting<String> STRATIFY =
      Setting.text("curate.stratify", "")
          .changes(Setting.Effect.CURATION)
          .does(
              "Column of which each side has about the same share of each value; empty: the number of constraints");

  public static final Setting<Long> SEED =
      Setting.integer("curate.seed", 0)
          .changes(Setting.Effect.CURATION)
          .does("Decides which prompts are on which side");

  @Override
  public List<Setting<?>> settings() {
    return Setting.declaredIn(CurationSettings.class);
  }

  /** Notes what is wrong with them. */
  public static void check(Settings settings, Problems problems) {
    for (String status : settings.get(STATUS)) {
      if (!STATUSES.contains(status)) {
        problems.problem(STATUS, "it must be some of " + new TreeSet<>(STATUSES) + ".");
      }
    }
    for (String column : settings.get(COLUMNS)) {
      if (FORMS.contains(column)) {
        problems.problem(COLUMNS, "%s is a column of the forms. Leave it out.".formatted(column));
      }
    }
    if (settings.get(CHANGED_WORDS) > 3) {
      problems.problem(CHANGED_WORDS, "it must be at most 3.");
    }
    if (settings.get(MAX_WORDS) > 0 && settings.get(MAX_WORDS) < settings.get(MIN_WORDS)) {
      problems.problem(MAX_WORDS, "it is below curate.min-words. Raise it, or set 0.");
    }
    if (settings.get(MAX_TOKENS) > 0 && settings.get(MAX_TOKENS) < settings.get(MIN_TOKENS)) {
      problems.problem(MAX_TOKENS, "it is below curate.min-tokens. Raise it, or set 0.");
    }
    if (settings.get(FORM) == Form.PREFERENCE
        && settings.get(SELECT) != Select.AUTO
        && settings.get(SELECT) != Select.ALL) {
      problems.problem(
          SELECT, "pairs are made of all rows of a prompt. Leave it out for preference.");
    }
    Map<String, Object> given = settings.get(SPLIT);
    double sum = 0;
    for (Map.Entry<String, Object> split : given.entrySet()) {
      if (!split.getKey().matches("[A-Za-z0-9][A-Za-z0-9_]*") || TAKEN.contains(split.getKey())) {
        problems.problem(
            SPLIT,
            "%s is no name of a split. Give one of letters, digits and _, other than dropped."
                .formatted(split.getKey()));
      }
      double share = share(split.getValue());
      if (!(share > 0 && share <= 1)) {
        problems.problem(
            SPLIT, "the share of %s must be above 0 and at most 1.".formatted(split.getKey()));
        return;
      }
      sum += share;
    }
    if (!given.isEmpty() && Math.abs(sum - 1) > 1e-6) {
      problems.problem(SPLIT, "the shares make %s. Give such that make 1.".formatted(sum));
    }
  }

  private static double share(Object value) {
    try {
      return Double.parseDouble(String.valueOf(value));
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /** The shares by split, the largest first, then by name. */
  public static Map<String, Double> splits(Settings settings) {
    Map<String, Object> given = settings.get(SPLIT);
    Map<String, Double> shares = new LinkedHashMap<>();
    if (given.isEmpty()) {
      shares.put("train", 0.9);
      shares.put("test", 0.1);
      return shares;
    }
    Map<String, Double> byName = new TreeMap<>();
    given.forEach((name, value) -> byName.put(name, share(value)));
    byName.entrySet().stream()
        .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
        .forEach(split -> shares.put(split.getKey(), split.getValue()));
    return shares;
  }

  /** The statuses of rows that are kept. */
  public static List<String> statuses(Settings settings) {
    List<String> given = settings.get(STATUS);
    if (!given.isEmpty()) {
      return given;
    }
    return settings.get(FORM) == Form.PREFERENCE ? List.of("ok", "unsatisfied") : List.of("ok");
  }

  /** How rows are selected. */
  public static Select select(Settings settings) {
    Select given = settings.get(SELECT);
    if (given != Select.AUTO) {
      return given;
    }
    return settings.get(FORM) == Form.PREFERENCE ? Select.ALL : Select.BEST;
  }

  /** Whether rows must have rewards for what is asked of them. */
  public static boolean needsRewards(Settings settings) {
    return settings.get(FORM) == Form.PREFERENCE
        || select(settings) == Select.BEST
        || select(settings) == Select.ABOVE
        || !Double.isNaN(settings.get(MIN_REWARD));
  }
}
