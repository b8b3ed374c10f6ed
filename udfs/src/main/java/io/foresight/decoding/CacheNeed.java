package io.foresight.decoding;

/**
 * The most that one row has open at a time; what a cache must be able to hold.
 *
 * @param target sequences of p
 * @param draft sequences of q
 * @param treeNodes nodes of an unsettled tree in one sequence of p, whatever the row's length
 * @param treeOutputs whole outputs that the tree may hold besides, of as many nodes as the row may
 *     have tokens
 */
public record CacheNeed(int target, int draft, int treeNodes, int treeOutputs) {

  /** Of a strategy whose trees do not grow with the row. */
  public CacheNeed(int target, int draft, int treeNodes) {
    this(target, draft, treeNodes, 0);
  }

  /**
   * Nodes of a tree, at most.
   *
   * @param newTokens that the row may get
   */
  public int treeNodes(int newTokens) {
    return treeNodes + treeOutputs * newTokens;
  }
}
