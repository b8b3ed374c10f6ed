package io.foresight.engine;

import io.foresight.decoding.CacheNeed;
import io.foresight.model.ModelSession;

/**
 * How many rows of a task fit into the memory that its caches may take, computed before they are
 * decoded: the system kills a process that takes too much, and tells nobody why.
 *
 * @param branches what a row has open at a time
 * @param maxNewTokens tokens that a row may generate
 * @param context tokens that a sequence of p can have
 * @param draftContext the same of q
 * @param targetBytes of a cached token of p
 * @param draftBytes of a cached token of q; 0 without one
 * @param cacheBytes memory for both caches
 */
record CachePlan(
    CacheNeed branches,
    int maxNewTokens,
    int context,
    int draftContext,
    long targetBytes,
    long draftBytes,
    long cacheBytes) {

  /** Memory of a row's caches, in bytes. */
  long rowBytes(int promptTokens) {
    return branches.target() * targetSequence(promptTokens)
        + branches.draft() * draftSequence(promptTokens);
  }

  private long targetSequence(int promptTokens) {
    int nodes = branches.treeNodes();
    return targetBytes * ModelSession.roundedPositions(positions(promptTokens, context) + nodes);
  }

  private long draftSequence(int promptTokens) {
    return draftBytes * ModelSession.roundedPositions(positions(promptTokens, draftContext));
  }

  private int positions(int promptTokens, int most) {
    return Math.min(most, promptTokens + maxNewTokens);
  }

  /** Rows that fit if the longest prompt has {@code promptTokens}; 0 if not even one does. */
  int rows(int promptTokens) {
    // While a cache grows, its old memory and its new one are there at the same time. Near ties are
    // decided in a sequence of their own.
    long usable = cacheBytes / 2 - targetSequence(promptTokens) - draftSequence(promptTokens);
    return (int) Math.max(0, Math.min(Integer.MAX_VALUE, usable / rowBytes(promptTokens)));
  }
}
