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
   * The most that each of some rows comes to.
   *
   * @param tokens of the longest, its prompt included
   * @param newTokens that it may get
   * @param target tokens that its own sequences of p hold: without what its prompt shares
   * @param draft the same of q
   * @param sharedTarget tokens of the prompt that p has once for several rows
   * @param sharedDraft the same of q
   */
  record Size(int tokens, int newTokens, int target, int draft, int sharedTarget, int sharedDraft) {

    static final Size NONE = new Size(0, 0, 0, 0, 0, 0);

    /** What holds both. */
    Size or(Size other) {
      return new Size(
          Math.max(tokens, other.tokens),
          Math.max(newTokens, other.newTokens),
          Math.max(target, other.target),
          Math.max(draft, other.draft),
          Math.max(sharedTarget, other.sharedTarget),
          Math.max(sharedDraft, other.sharedDraft));
    }
  }

  /** Of a row that shares nothing. */
  Size size(int prompt, int maxNewTokens) {
    return size(prompt, maxNewTokens, 0, 0);
  }

  /**
   * Of a row.
   *
   * @param prompt its tokens
   * @param maxNewTokens that it may get, if the context holds them
   * @param sharedTarget tokens of the prompt that p shares with other rows
   * @param sharedDraft the same of q
   */
  Size size(int prompt, int maxNewTokens, int sharedTarget, int sharedDraft) {
    int newTokens = Math.max(0, Math.min(maxNewTokens, context - prompt));
    int tokens = prompt + newTokens;
    return new Size(
        tokens, newTokens, tokens - sharedTarget, tokens - sharedDraft, sharedTarget, sharedDraft);
  }

  /** Memory of a row's own caches, in bytes. */
  long rowBytes(Size size) {
    return branches.target() * targetSequence(size.target, size.newTokens)
        + branches.draft() * draftSequence(size.draft);
  }

  private long targetSequence(int tokens, int newTokens) {
    int nodes = branches.treeNodes(newTokens);
    return targetBytes * ModelSession.roundedPositions(Math.min(context, tokens) + nodes);
  }

  private long draftSequence(int tokens) {
    return draftBytes * ModelSession.roundedPositions(Math.min(draftContext, tokens));
  }

  /** Rows that fit if none may come to more; 0 if not even one does. */
  int rows(Size size) {
    // While a cache grows, its old memory and its new one are there at the same time. Near ties are
    // decided in a sequence of their own, and what is shared is there once.
    long usable = cacheBytes / 2;
    usable -= targetSequence(size.tokens, size.newTokens) + draftSequence(size.tokens);
    usable -= targetBytes * size.sharedTarget + draftBytes * size.sharedDraft;
    return (int) Math.max(0, Math.min(Integer.MAX_VALUE, usable / rowBytes(size)));
  }
}
