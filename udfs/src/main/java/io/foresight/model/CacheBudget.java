package io.foresight.model;

import java.util.ArrayList;
import java.util.List;

/** Memory that the caches of one task may take together. Of one thread, that of their forwards. */
public final class CacheBudget {

  /** A taker of memory that can give some of it back. */
  interface Lender {

    /**
     * Gives up what can be computed again, until the budget holds so much more.
     *
     * @param beginnings whether shared beginnings that nobody refers to are to go, too
     */
    void giveUp(long needed, boolean beginnings);
  }

  private final long bytes;
  private final List<Lender> lenders = new ArrayList<>();
  private long taken;

  /** A budget of {@code bytes}. */
  public CacheBudget(long bytes) {
    this.bytes = bytes;
  }

  /** The whole budget, in bytes. */
  public long bytes() {
    return bytes;
  }

  /** What is left of it, in bytes. */
  public long left() {
    return bytes - taken;
  }

  /** A part of it for others on the same thread; what is left here is less from now on. */
  public CacheBudget part(long part) {
    take(part);
    return new CacheBudget(part);
  }

  /** How many things of {@code each} bytes it still holds. */
  public long rooms(long each) {
    return Math.max(0, left()) / each;
  }

  boolean holds(long more) {
    return more <= left();
  }

  /** Asks whoever holds what can be computed again, until there is room for so much more. */
  void makeRoom(long needed, boolean beginnings) {
    // Who gives up a whole session takes that from the list.
    for (Lender lender : List.copyOf(lenders)) {
      if (!holds(needed)) {
        lender.giveUp(needed, beginnings);
      }
    }
  }

  void join(Lender lender) {
    lenders.add(lender);
  }

  void leave(Lender lender) {
    lenders.remove(lender);
  }

  void take(long more) {
    taken += more;
  }

  void giveBack(long less) {
    taken -= less;
  }
}
