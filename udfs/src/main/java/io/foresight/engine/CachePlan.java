package io.foresight.engine;

import io.foresight.decoding.CacheNeed;
import io.foresight.model.ModelSession;

/**
 * How many rows of a task fit into the memory that its caches may take, computed before they are
 * decoded: the system kills a process that takes too much, and tells nobody why.
 *
 * @param branches what a row has open at a time
 * @param context tokens that a sequence of p can have
 * @param draftContext the same of q
 * @param targetBytes of a cached token of p
 * @param draftBytes of a cached token of q; 0 without one
 * @param cacheBytes memory for both caches
 */
record CachePlan(
    CacheNeed branches,
    int context,
    int draftContext,
    long targetBytes,
    long draftBytes,
    long cacheBytes) {

  /**
   * What rows may come to.
   *
   * @param tokens of the longest, its prompt included
   * @param target those of them that its own sequences of p hold: without what its prompt shares
   * @param draft the same of q
   */
  record Size(int tokens, int target, int draft) {

    static final Size NONE = new Size(0, 0, 0);

    /** Of a row that shares nothing. */
    static Size of(int tokens) {
      return new Size(tokens, tokens, tokens);
    }

    /** What holds both. */
    Size or(Size other) {
      return new Size(
          Math.max(tokens, other.tokens),
          Math.max(target, other.target),
          Math.max(draft, other.draft));
    }
  }

  /** Memory of a row's own caches, in bytes. */
  long rowBytes(Size size) {
    return branches.target() * targetSequence(size.target)
        + branches.draft() * draftSequence(size.draft);
  }

  private long targetSequence(int tokens) {
    int nodes = branches.treeNodes();
    return targetBytes * ModelSession.roundedPositions(Math.min(context, tokens) + nodes);
  }

  private long draftSequence(int tokens) {
    return draftBytes * ModelSession.roundedPositions(Math.min(draftContext, tokens));
  }

  /** Rows that fit if none may come to more; 0 if not even one does. */
  int rows(Size size) {
    // While a cache grows, its old memory and its new one are there at the same time. Near ties are
    // decided in a sequence of their own, and what is shared is there once.
    long usable = cacheBytes / 2 - targetSequence(size.tokens) - draftSequence(size.tokens);
    usable -= targetBytes * (size.tokens - size.target) + draftBytes * (size.tokens - size.draft);
    return (int) Math.max(0, Math.min(Integer.MAX_VALUE, usable / rowBytes(size)));
  }

  /** Whether a row fits alone, whatever others have in common with it. */
  boolean holds(int tokens) {
    return rows(Size.of(tokens)) >= 1;
  }
}
