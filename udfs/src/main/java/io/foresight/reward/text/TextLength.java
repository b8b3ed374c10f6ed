package io.foresight.reward.text;

import io.foresight.decoding.RowFault;
import io.foresight.reward.Columns;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Whether a text is as long as it shall be. The score is 1 within the bounds, length / at-least
 * below them and at-most / length above them. An unfinished text may still become longer: too short
 * is no fault of it and scores 1; too long it stays, so going on never raises the score.
 *
 * @param unit what is counted
 * @param atLeast the least length
 * @param atMost the greatest
 */
public record TextLength(Unit unit, Bound atLeast, Bound atMost) implements RewardFunction {

  /** What a text's length is counted in. */
  public enum Unit {
    /** As {@link Words} has them. */
    WORDS,
    /** As {@link java.text.BreakIterator} divides English text, if a letter or digit is in it. */
    SENTENCES,
    /** Unicode code points, white space included. */
    CHARACTERS
  }

  /**
   * A bound.
   *
   * @param ofAll of every row that has none of its own
   * @param column of the rows' own, whole numbers of at least 0
   */
  public record Bound(OptionalInt ofAll, Optional<String> column) {

    private static Bound from(RewardSettings settings, String key) {
      return new Bound(
          settings.has(key) ? OptionalInt.of(settings.integer(key, 0, 0)) : OptionalInt.empty(),
          settings.optionalColumn(key + "-column"));
    }

    private boolean isNone() {
      return ofAll.isEmpty() && column.isEmpty();
    }

    private OptionalInt of(Map<String, Object> row) {
      OptionalInt own = column.map(c -> Columns.count(row, c)).orElseGet(OptionalInt::empty);
      return own.isPresent() ? own : ofAll;
    }
  }

  /**
   * Makes it from {@code unit}, {@code at-least}, {@code at-most}, {@code at-least-column} and
   * {@code at-most-column}.
   */
  public static final class Factory implements RewardFactory {

    @Override
    public String type() {
      return "length";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      Unit unit = settings.choice("unit", Unit.WORDS);
      Bound atLeast = Bound.from(settings, "at-least");
      Bound atMost = Bound.from(settings, "at-most");
      if (atLeast.isNone() && atMost.isNone()) {
        settings.problem(
            "at-most",
            "no bound is given. Give at-least, at-most, at-least-column or at-most-column.");
      }
      if (atMost.ofAll().isPresent() && atLeast.ofAll().orElse(0) > atMost.ofAll().getAsInt()) {
        settings.problem(
            "at-most",
            "it is less than at-least = %d. Give at least as much."
                .formatted(atLeast.ofAll().getAsInt()));
      }
      return new TextLength(unit, atLeast, atMost);
    }
  }

  /**
   * Prepares the reward for one row.
   *
   * @return empty for a row without a bound
   * @throws RowFault if a bound is no whole number, or no length is within both
   */
  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    OptionalInt least = atLeast.of(row);
    OptionalInt most = atMost.of(row);
    if (least.isEmpty() && most.isEmpty()) {
      return Optional.empty();
    }
    int from = least.orElse(0);
    int to = most.orElse(Integer.MAX_VALUE);
    if (from > to) {
      throw new RowFault(
          RowFault.Kind.INPUT,
          "Cannot judge the length: at least %d and at most %d %s are wanted. Give a row bounds that fit together."
              .formatted(from, to, RewardSettings.spelling(unit)));
    }
    return Optional.of(new Within(unit, from, to, new Sentences()));
  }

  private record Within(Unit unit, int atLeast, int atMost, Sentences sentences)
      implements RowReward {

    @Override
    public double reward(String text, boolean finished) {
      long length =
          switch (unit) {
            case WORDS -> Words.count(text);
            case SENTENCES -> sentences.count(text);
            case CHARACTERS -> text.codePointCount(0, text.length());
          };
      if (length > atMost) {
        return (double) atMost / length;
      }
      return finished && length < atLeast ? (double) length / atLeast : 1;
    }
  }
}
