package io.foresight.engine;

import java.util.List;

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

  /** Whether a text holds one. */
  boolean end(String text) {
    return texts.stream().anyMatch(text::contains);
  }

  /** A text up to the first of them. */
  String cut(String text) {
    return texts.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().stream()
        .mapToObj(at -> text.substring(0, at))
        .findFirst()
        .orElse(text);
  }
}
