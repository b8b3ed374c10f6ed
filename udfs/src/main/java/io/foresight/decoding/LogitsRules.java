package io.foresight.decoding;

/**
 * What changes the logits of a row, p's and q's, before anything is made of them: what p and q mean
 * wherever a strategy speaks of them. A function of the tokens that precede, so that it is the same
 * however a place is come to. Thread-safe, or of one row.
 */
@FunctionalInterface
public interface LogitsRules {

  /** Nothing changes. */
  LogitsRules NONE = path -> LogitsEdit.NONE;

  /**
   * The changes at a place.
   *
   * @param path the tokens that precede it, the prompt's included
   */
  LogitsEdit at(int[] path);
}
