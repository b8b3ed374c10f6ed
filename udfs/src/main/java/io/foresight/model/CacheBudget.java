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
  long bytes() {
    return bytes;
  }

  boolean holds(long more) {
    return taken + more <= bytes;
  }

  void take(long more) {
    taken += more;
  }

  void giveBack(long less) {
    taken -= less;
  }
}
