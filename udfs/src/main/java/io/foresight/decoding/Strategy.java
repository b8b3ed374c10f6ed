package io.foresight.decoding;

/**
 * A decoding strategy: straight-line code for one row against {@link LanguageModel}. Immutable and
 * thread-safe.
 */
public interface Strategy {

  /** The value of {@code decoding.strategy} that selects it. */
  String name();

  /** Whether it calls a draft model. */
  boolean usesDraft();

  /** The most sequences and tree nodes that a row has open at a time. */
  CacheNeed cacheNeed();

  /**
   * Decodes one row.
   *
   * @param target p
   * @param draft q, with the target's vocabulary and any context, which never limits a row; {@code
   *     null} where {@link #usesDraft()} is false
   * @param request the row
   */
  Generation decode(LanguageModel target, LanguageModel draft, Request request);
}
