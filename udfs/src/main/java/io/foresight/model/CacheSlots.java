package io.foresight.model;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Which slots of a cache are in use, and what is to be copied between them before the next forward.
 * Thread-safe: rows open, fork and close sequences while a forward runs.
 */
final class CacheSlots {

  private final BitSet used = new BitSet();
  private final List<ForwardPlan.Copy> copies = new ArrayList<>();

  /**
   * What the next forward has to do before.
   *
   * @param slots that the cache must have
   * @param copies to be done, in order
   */
  record Work(int slots, List<ForwardPlan.Copy> copies) {}

  /**
   * Takes the lowest free slot: slots in use lie close together, so that a forward over many of
   * them reads the cache in place.
   */
  synchronized int allocate() {
    int slot = used.nextClearBit(0);
    used.set(slot);
    return slot;
  }

  synchronized void free(int slot) {
    used.clear(slot);
  }

  /** Notes a copy for the next forward. */
  synchronized void copy(ForwardPlan.Copy copy) {
    copies.add(copy);
  }

  /** Takes the work of the next forward; what is noted from here on is that of the one after it. */
  synchronized Work take() {
    // From the last one back, what leads to a slot in use; a fork that was closed again needs
    // none.
    BitSet wanted = (BitSet) used.clone();
    for (int i = copies.size() - 1; i >= 0; i--) {
      if (wanted.get(copies.get(i).first())) {
        wanted.set(copies.get(i).source());
      } else {
        copies.remove(i);
      }
    }
    Work work = new Work(wanted.length(), List.copyOf(copies));
    copies.clear();
    return work;
  }
}
