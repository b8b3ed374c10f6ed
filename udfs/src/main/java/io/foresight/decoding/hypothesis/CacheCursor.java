package io.foresight.decoding.hypothesis;

import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Sequence;
import java.util.Arrays;

/**
 * A sequence in a model's cache, and the ids that it holds. The cache follows by itself: whoever
 * wants a path in it gives the path, and only what is not there yet is left to be appended.
 */
final class CacheCursor implements AutoCloseable {

  private Sequence sequence;
  private int[] held;

  private CacheCursor(Sequence sequence, int[] held) {
    this.sequence = sequence;
    this.held = held;
  }

  /** An empty sequence. */
  static CacheCursor open(LanguageModel model) {
    return new CacheCursor(model.open(), new int[0]);
  }

  /** Branches with all that is held. */
  CacheCursor fork() {
    return new CacheCursor(sequence.fork(), held);
  }

  Sequence sequence() {
    return sequence;
  }

  /** The ids in the cache; not to be written to. */
  int[] held() {
    return held;
  }

  /**
   * Rolls back to what is held of {@code path}, and counts the rest as held: the next forward
   * appends it.
   *
   * @param most ids that may be taken from the cache
   * @return what is to be appended
   */
  int[] missing(int[] path, int most) {
    int common = Math.min(Ids.common(held, path), most);
    sequence.truncate(common);
    held = path;
    return Arrays.copyOfRange(path, common, path.length);
  }

  /** Rolls back to {@code path}, of which all is held. */
  void rollBack(int[] path) {
    sequence.truncate(path.length);
    held = path;
  }

  /** Settles a tree on some of its nodes, which makes {@code path} what is held. */
  void keep(int[] nodes, int[] path) {
    sequence.keep(nodes);
    held = path;
  }

  /** Drops a tree; what was held before it stays. */
  void dropTree() {
    sequence.keep();
  }

  /** Takes the other's place in the cache, and leaves it this one's. */
  void swap(CacheCursor other) {
    Sequence mine = sequence;
    sequence = other.sequence;
    other.sequence = mine;
    int[] mineHeld = held;
    held = other.held;
    other.held = mineHeld;
  }

  @Override
  public void close() {
    sequence.close();
  }
}
