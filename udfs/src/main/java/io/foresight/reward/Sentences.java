package io.foresight.reward;

import java.text.BreakIterator;
import java.util.Locale;

/**
 * Counts sentences as {@link BreakIterator} divides English text; what holds no letter or digit is
 * none. Of one thread at a time.
 */
final class Sentences {

  private final BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ENGLISH);

  /** How many sentences the text has, a begun one included. */
  int count(String text) {
    breaks.setText(text);
    int count = 0;
    for (int from = breaks.first(), to = breaks.next();
        to != BreakIterator.DONE;
        from = to, to = breaks.next()) {
      if (text.substring(from, to).codePoints().anyMatch(Character::isLetterOrDigit)) {
        count++;
      }
    }
    return count;
  }
}
