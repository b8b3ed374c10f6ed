package io.foresight.decoding;

import io.foresight.decoding.budget.DraftFit;
import io.foresight.decoding.budget.ForwardCost;
import java.util.List;

/**
 * A causal language model as the decoders see it: sequences that can be extended, rolled back and
 * forked.
 *
 * <p>One instance belongs to one thread; several instances may share weights.
 */
public interface LanguageModel {

  /** Number of token ids; ids are 0 to {@code vocabularySize() - 1}. */
  int vocabularySize();

  /** Most tokens that a sequence can hold, prompt included. */
  int contextLength();

  /** Whether {@code id} ends a sequence. */
  boolean isEos(int id);

  /** Opens an empty sequence. The caller closes it. */
  Sequence open();

  /**
   * Extends many sequences, each by its own number of tokens, in one batched forward.
   *
   * @param extensions at least one; no sequence twice
   * @return for each extension, in order, the scores at the positions that it asked for
   * @throws IllegalArgumentException if a sequence would outgrow the context, holds a tree that was
   *     not settled by {@link Sequence#keep}, or a token id is out of range
   */
  List<Scores> extend(List<ForwardRequest> extensions);

  /**
   * Whether scores do not depend on what else was in their forward where it could matter: where the
   * margin is below {@link LogitsRequest#nearTie}, and where they were asked for {@linkplain
   * ForwardRequest#alone alone}. Where they do, close choices fall either way.
   */
  default boolean hasCanonicalScores() {
    return false;
  }

  /** What its forwards take, where draft lengths depend on it. */
  default ForwardCost cost() {
    return ForwardCost.UNKNOWN;
  }

  /** How a draft fits its target, where that is known. */
  default DraftFit fit() {
    return DraftFit.UNKNOWN;
  }

  /** What changes its logits; asked for by whoever makes a {@link LogitsRequest}. */
  default LogitsRules rules() {
    return LogitsRules.NONE;
  }

  /** Extends one sequence; as {@link #extend(List)} of one. */
  default Scores extend(ForwardRequest extension) {
    return extend(List.of(extension)).get(0);
  }
}
