package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.budget.DraftFit;
import java.util.Arrays;

/**
 * Finds out how a draft fits its target before any row is decoded, so that rows, which are short,
 * need not: over a text of the target's own, which choices of the two are the same. A function of
 * the two models alone.
 */
final class PairProbe {

  /** Tokens of the text: enough to tell a draft that is never right from one that often is. */
  private static final int TOKENS = 24;

  private PairProbe() {}

  /** Whether a budget has room for the caches of {@link #of}. */
  static boolean isHeldBy(CacheBudget budget, CausalLm target, CausalLm draft) {
    int positions = ModelSession.roundedPositions(tokens(target, draft));
    return budget.holds(Math.max(target.cacheBytes(1, positions), draft.cacheBytes(1, positions)));
  }

  /**
   * Probes a pair, one model after the other.
   *
   * @param budget memory that the cache of either shares
   */
  static DraftFit of(CausalLm target, CausalLm draft, CacheBudget budget) {
    int most = tokens(target, draft);
    if (most < 1) {
      return DraftFit.UNKNOWN;
    }
    int[] text;
    int[] ofTarget;
    try (ModelSession p = session(target, most, budget)) {
      text = text(p, most);
      ofTarget = scores(p, text).argmax();
    }
    try (ModelSession q = session(draft, most, budget)) {
      Scores ofDraft = scores(q, text);
      double[] margins = new double[text.length];
      boolean[] agreed = new boolean[text.length];
      for (int i = 0; i < text.length; i++) {
        margins[i] = ofDraft.margin()[i];
        agreed[i] = ofDraft.argmax()[i] == ofTarget[i];
      }
      return DraftFit.of(margins, agreed);
    }
  }

  private static int tokens(CausalLm target, CausalLm draft) {
    int context = Math.min(target.checkpoint().contextLength(), draft.checkpoint().contextLength());
    return Math.min(TOKENS, context - 1);
  }

  private static ModelSession session(CausalLm model, int tokens, CacheBudget budget) {
    ModelSession session = model.newSession(budget, 1, tokens);
    // Its forwards are always of these shapes, so that rounding is always the same.
    session.leaveNearTies();
    return session;
  }

  /** What the target goes on with after an end, where texts begin. */
  private static int[] text(ModelSession p, int tokens) {
    int[] text = {0};
    for (int id = 0; id < p.vocabularySize(); id++) {
      if (p.isEos(id)) {
        text[0] = id;
        break;
      }
    }
    try (Sequence sequence = p.open()) {
      while (text.length < tokens) {
        int last = text[text.length - 1];
        int next =
            p.extend(ForwardRequest.of(sequence, new int[] {last}, LogitsRequest.ids(0)))
                .argmax()[0];
        text = Arrays.copyOf(text, text.length + 1);
        text[text.length - 1] = next;
      }
    }
    return text;
  }

  private static Scores scores(ModelSession session, int[] text) {
    try (Sequence sequence = session.open()) {
      return session.extend(ForwardRequest.of(sequence, text, LogitsRequest.ids(0)));
    }
  }
}
