package io.foresight.decoding;

/**
 * The most that one row has open at a time; what a cache must be able to hold.
 *
 * @param target sequences of p
 * @param draft sequences of q
 * @param treeNodes nodes of an unsettled tree in one sequence of p
 */
public record CacheNeed(int target, int draft, int treeNodes) {}
