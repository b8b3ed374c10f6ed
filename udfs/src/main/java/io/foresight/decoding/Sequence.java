package io.foresight.decoding;

/**
 * Token ids in a language model's cache. Appended to by {@link LanguageModel#extend}; rolled back
 * and forked here, without recomputation. Not thread-safe.
 */
public interface Sequence extends AutoCloseable {

  /** Number of tokens held, an unsettled tree's nodes included. */
  int length();

  /**
   * Rolls back to the first {@code length} tokens, in O(1).
   *
   * @throws IllegalArgumentException if {@code length} is negative or beyond {@link #length()}
   */
  void truncate(int length);

  /**
   * Branches: the new sequence holds the same tokens, and is independent from here on. The caller
   * closes it.
   */
  Sequence fork();

  /**
   * After a tree extension: makes one path of the tree the sequence, with what it follows, and
   * drops all else.
   *
   * @param path node indices of the last tree extension from a root downwards, each the parent of
   *     the next; may be empty, which drops the tree and nothing else
   * @throws IllegalArgumentException if {@code path} is not such a path
   * @throws IllegalStateException if the last extension was not a tree
   */
  void keep(int... path);

  /** Gives the cache memory back. */
  @Override
  void close();
}
