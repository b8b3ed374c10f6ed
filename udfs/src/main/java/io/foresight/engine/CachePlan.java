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
   * Memory of a row's caches, in bytes; {@code tokens} is what it may come to, the prompt included.
   */
  long rowBytes(int tokens) {
    return branches.target() * targetSequence(tokens) + branches.draft() * draftSequence(tokens);
  }

  private long targetSequence(int tokens) {
    int nodes = branches.treeNodes();
    return targetBytes * ModelSession.roundedPositions(positions(tokens, context) + nodes);
  }

  private long draftSequence(int tokens) {
    return draftBytes * ModelSession.roundedPositions(positions(tokens, draftContext));
  }

  private int positions(int tokens, int most) {
    return Math.min(most, tokens);
  }

  /** Rows that fit if the longest may come to {@code tokens}; 0 if not even one does. */
  int rows(int tokens) {
    // While a cache grows, its old memory and its new one are there at the same time. Near ties are
    // decided in a sequence of their own.
    long usable = cacheBytes / 2 - targetSequence(tokens) - draftSequence(tokens);
    return (int) Math.max(0, Math.min(Integer.MAX_VALUE, usable / rowBytes(tokens)));
  }
}
