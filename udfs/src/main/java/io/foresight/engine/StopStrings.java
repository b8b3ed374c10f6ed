package io.foresight.engine;

import java.util.List;
import java.util.OptionalInt;

/**
 * Texts that end a row, and are no part of it.
 *
 * @param texts none of them empty
 */
record StopStrings(List<String> texts) {

  /** Those that are not empty. */
  StopStrings {
    texts = texts.stream().filter(text -> !text.isEmpty()).toList();
  }

  /** Whether there is none. */
  boolean areNone() {
    return texts.isEmpty();
  }

  /**
   * Whether a text holds one.
   *
   * @param written with the spaces around it
   */
  boolean end(String written) {
    String text = fromPrompt(written);
    return texts.stream().anyMatch(text::contains);
  }

  /**
   * A text up to the first of them; without the spaces around it, if there is none.
   *
   * @param written with the spaces around it
   */
  String text(String written) {
    String text = fromPrompt(written);
    OptionalInt first = texts.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min();
    return first.isPresent() ? text.substring(0, first.getAsInt()) : written.strip();
  }

  /** Without the space that joins a text to its prompt, which is no part of it. */
  private static String fromPrompt(String written) {
    return written.startsWith(" ") ? written.substring(1) : written;
  }
}
