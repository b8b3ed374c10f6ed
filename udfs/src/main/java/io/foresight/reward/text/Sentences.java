package io.foresight.reward.text;

import java.text.BreakIterator;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Counts sentences as {@link BreakIterator} divides English text, without its quotes, brackets and
 * dashes; what holds no letter or digit is none. Of one thread at a time.
 */
public final class Sentences {

  // After a full stop the iterator looks past these for a capital, again and again: without them it
  // takes linear time.
  private static final Pattern SKIPPED =
      Pattern.compile("[\\p{Ps}\\p{Pe}\\p{Pi}\\p{Pf}\\p{Pd}\"'\u2026]+");

  private final BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ENGLISH);

  /** How many sentences the text has, a begun one included. */
  public int count(String text) {
    String plain = SKIPPED.matcher(text).replaceAll("");
    breaks.setText(plain);
    int count = 0;
    for (int from = breaks.first(), to = breaks.next();
        to != BreakIterator.DONE;
        from = to, to = breaks.next()) {
      if (plain.substring(from, to).codePoints().anyMatch(Character::isLetterOrDigit)) {
        count++;
      }
    }
    return count;
  }
}
