package io.foresight.model;

import ai.djl.pytorch.jni.IValue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Tokens that several sequences begin with, and their keys and values, computed once, in a cache of
 * one slot. Threads of rows count the sequences that refer to it; all else is of the thread that
 * runs forwards.
 */
final class SharedPrefix {

  private final int[] ids;
  private final IValue cache;
  private final AtomicInteger references = new AtomicInteger();
  private int index;
  private long lastUse;

  /** Takes over the cache. */
  SharedPrefix(int[] ids, IValue cache) {
    this.ids = ids;
    this.cache = cache;
  }

  /** Not to be written to. */
  int[] ids() {
    return ids;
  }

  int length() {
    return ids.length;
  }

  /** Keys and values, [L, 1, length, 2 K, D]; stays open. */
  IValue cache() {
    return cache;
  }

  void retain() {
    references.incrementAndGet();
  }

  void release() {
    references.decrementAndGet();
  }

  /**
   * Whether no sequence refers to it. Only the thread that runs forwards refers a sequence to one
   * that nobody does, so that for it this stays true.
   */
  boolean isIdle() {
    return references.get() == 0;
  }

  /** Its place among those that forwards are given. */
  int index() {
    return index;
  }

  void setIndex(int place) {
    index = place;
  }

  long lastUse() {
    return lastUse;
  }

  void use(long time) {
    lastUse = time;
  }
}
