package io.foresight.reward.text;

import com.google.re2j.Pattern;
import io.foresight.decoding.RowFault;
import io.foresight.reward.Columns;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a text matches a regular expression, or does not: 1 if it is as expected, else 0. Of
 * RE2/J, whose time is linear in the text; letters of all scripts are word characters. A match may
 * be anywhere in the text, unless the whole text has to match; then only finished texts are judged.
 * In an unfinished text a match counts if it ends before the text does: such a match stays,
 * whatever follows.
 */
public final class RegexMatch implements RewardFunction {

  /** What a text is expected to have. */
  public enum Expectation {
    /** A match. */
    MATCH,
    /** None. */
    ABSENCE
  }

  private final Optional<Regex> pattern;
  private final Optional<String> patternColumn;
  private final Expectation expectation;
  private final boolean whole;

  /**
   * Expects a match or none.
   *
   * @param pattern for rows that have none of their own; may be empty
   * @param patternColumn column of a row's own pattern; a row without any is not judged
   * @param whole whether a match is one of the whole text
   * @throws IllegalArgumentException if {@code pattern} cannot be used
   */
  public RegexMatch(
      Optional<String> pattern,
      Optional<String> patternColumn,
      Expectation expectation,
      boolean whole) {
    this.pattern = pattern.map(Regex::of);
    this.patternColumn = patternColumn;
    this.expectation = expectation;
    this.whole = whole;
  }

  /** Makes it from {@code pattern}, {@code pattern-column}, {@code expect} and {@code whole}. */
  public static final class Factory implements RewardFactory {

    @Override
    public String type() {
      return "regex";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      Optional<String> pattern = settings.optionalText("pattern");
      Optional<String> column = settings.optionalColumn("pattern-column");
      Expectation expectation = settings.choice("expect", Expectation.MATCH);
      boolean whole = settings.flag("whole", false);
      if (pattern.isEmpty() && column.isEmpty()) {
        settings.problem("pattern", "it is needed. Give a pattern, or pattern-column.");
      }
      try {
        return new RegexMatch(pattern, column, expectation, whole);
      } catch (IllegalArgumentException e) {
        settings.problem("pattern", e.getMessage());
        return new RegexMatch(Optional.empty(), column, expectation, whole);
      }
    }
  }

  /**
   * Prepares the reward for one row.
   *
   * @throws RowFault if the row's pattern is none, or too large
   */
  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    Optional<Regex> own = patternColumn.flatMap(column -> Columns.text(row, column)).map(this::own);
    return own.or(() -> pattern).map(Expected::new);
  }

  private Regex own(String regex) {
    try {
      return Regex.of(regex);
    } catch (IllegalArgumentException e) {
      throw new RowFault(
          RowFault.Kind.INPUT,
          "Cannot use pattern \"%s\" of column %s: %s"
              .formatted(Columns.shown(regex), patternColumn.orElseThrow(), e.getMessage()),
          e);
    }
  }

  /**
   * A pattern.
   *
   * @param inside the pattern, and one more character: what a match needs that ends before the text
   * @param ofAllScripts for texts beyond ASCII; {@code null} if it would be no other
   */
  private record Regex(Pattern anywhere, Pattern inside, UnicodeWordPattern ofAllScripts) {

    static Regex of(String regex) {
      return new Regex(
          LinearPattern.compile(regex),
          Pattern.compile("(?:" + regex + ")(?s:.)"),
          UnicodeWordPattern.concerns(regex) ? new UnicodeWordPattern(regex) : null);
    }

    boolean matches(String text) {
      return isPlain(text) ? anywhere.matches(text) : ofAllScripts.matches(text);
    }

    boolean isIn(String text, boolean finished) {
      if (isPlain(text)) {
        return (finished ? anywhere : inside).matcher(text).find();
      }
      return finished ? ofAllScripts.isIn(text) : ofAllScripts.isInside(text);
    }

    private boolean isPlain(String text) {
      return ofAllScripts == null || PlainText.isAscii(text);
    }
  }

  private final class Expected implements RowReward {

    private final Regex regex;

    Expected(Regex regex) {
      this.regex = regex;
    }

    @Override
    public double reward(String text, boolean finished) {
      boolean matches = whole ? regex.matches(text) : regex.isIn(text, finished);
      return matches == (expectation == Expectation.MATCH) ? 1 : 0;
    }

    @Override
    public boolean judgesUnfinished() {
      return !whole;
    }
  }
}
