package io.foresight.model;

/** Memory that the caches of one task may take together. Of one thread, that of their forwards. */
public final class CacheBudget {

  private final long bytes;
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

  void take(long more) {
    taken += more;
  }

  void giveBack(long less) {
    taken -= less;
  }
}
