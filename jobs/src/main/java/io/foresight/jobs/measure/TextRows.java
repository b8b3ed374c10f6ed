package io.foresight.jobs.measure;

import io.foresight.jobs.metrics.Diversity;
import io.foresight.jobs.metrics.MeasuredText;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import io.foresight.reward.TextScorer;
import io.foresight.reward.text.Words;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What columns of a run's rows say of its texts. Immutable. */
final class TextRows implements Serializable {

  private static final long serialVersionUID = 1;

  private final String prefix;
  private final String text;
  private final String references;
  private final RewardSpec coverage;
  private final boolean generated;

  TextRows(TextSource source) {
    prefix = source.prefix();
    text = source.text();
    references = source.references();
    coverage = source.rewards().ofType("keyword-coverage");
    generated = source.isGenerated();
  }

  /** The concepts' rewards, for one task; starts and loads nothing. */
  Rewards coverage() {
    return Rewards.open(coverage, TextScorer.Source.ELSEWHERE);
  }

  /** The text, or {@code null} if the row is an error. */
  String text(Map<String, Object> row) {
    return row.get(prefix + "error") == null && row.get(text) instanceof String given
        ? given
        : null;
  }

  /** The message of an error row; {@code null} of others. */
  String error(Map<String, Object> row) {
    return row.get(prefix + "error") instanceof String message ? message : null;
  }

  Double reward(Map<String, Object> row) {
    return number(row.get(prefix + "reward"));
  }

  /** ok, unsatisfied, truncated or error. */
  String status(Map<String, Object> row) {
    if (generated) {
      return String.valueOf(row.get(prefix + "status"));
    }
    if (text(row) == null) {
      return "error";
    }
    return Boolean.FALSE.equals(row.get(prefix + "satisfied")) ? "unsatisfied" : "ok";
  }

  /** Tokens of a text that we generated, words of another. */
  long length(Map<String, Object> row) {
    String of = text(row);
    Double tokens = number(row.get(prefix + "tokens"));
    return of == null ? 0 : generated && tokens != null ? tokens.longValue() : words(of).size();
  }

  private static List<String> words(String text) {
    return Words.of(text).words();
  }

  /** Each reward's score by its name, and its parts'. */
  Map<String, Double> scores(Map<String, Object> row) {
    Map<String, Double> scores = new LinkedHashMap<>();
    if (row.get(prefix + "constraint_scores") instanceof Map<?, ?> given) {
      given.forEach(
          (name, score) -> {
            // A format without maps has every name in every row.
            if (score != null) {
              scores.put(String.valueOf(name), number(score));
            }
          });
    }
    return scores;
  }

  /** A counter, 0 if there is none. */
  double counter(Map<String, Object> row, String name) {
    Double count =
        row.get(prefix + "counters") instanceof Map<?, ?> counters
            ? number(counters.get(name))
            : null;
    return count == null ? 0 : count;
  }

  /** The texts to hold the output against. */
  List<String> references(Map<String, Object> row) {
    Object given = references == null ? null : row.get(references);
    if (given instanceof String one) {
      return List.of(one);
    }
    return given instanceof List<?> several
        ? several.stream().filter(String.class::isInstance).map(String.class::cast).toList()
        : List.of();
  }

  /**
   * All that metrics see.
   *
   * @param concepts of {@link #coverage}
   */
  MeasuredText measured(Map<String, Object> row, Rewards concepts) {
    String of = text(row);
    if (of == null) {
      return new MeasuredText(
          null,
          generated ? false : null,
          null,
          null,
          Map.of(),
          null,
          null,
          List.of(),
          null,
          references(row),
          null);
    }
    List<String> words = words(of);
    RowRewards asked = concepts.forRow(row);
    Double tokens = number(row.get(prefix + "tokens"));
    return new MeasuredText(
        of,
        generated ? (Boolean) !status(row).equals("truncated") : null,
        reward(row),
        (Boolean) row.get(prefix + "satisfied"),
        scores(row),
        tokens == null ? null : (Integer) tokens.intValue(),
        number(row.get(prefix + "log_prob")),
        words,
        asked.isJudging() ? (Boolean) Diversity.overuses(asked, words) : null,
        references(row),
        judgement(row));
  }

  private static MeasuredText.Judgement judgement(Map<String, Object> row) {
    Double tokens = number(row.get(TextSource.JUDGE + "tokens"));
    Double logProb = number(row.get(TextSource.JUDGE + "log_prob"));
    if (tokens != null && logProb != null) {
      return new MeasuredText.Judgement(tokens.longValue(), logProb, null);
    }
    Double score =
        row.get(TextSource.JUDGE + "constraint_scores") instanceof Map<?, ?> scores
            ? number(scores.get(TextSource.JUDGING_REWARD))
            : null;
    return score == null ? null : new MeasuredText.Judgement(0, 0, score);
  }

  private static Double number(Object value) {
    return value instanceof Number number ? (Double) number.doubleValue() : null;
  }
}
