package io.foresight.engine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.ToIntFunction;

/** The same elements, each given once so many that come after it have been pulled. */
final class Ahead<A> implements Iterator<A> {

  private final Iterator<A> from;
  private final ToIntFunction<A> count;
  private final Deque<A> pulled = new ArrayDeque<>();

  /**
   * Pulls nothing yet.
   *
   * @param count elements to be pulled before the given one is handed out
   */
  Ahead(Iterator<A> from, ToIntFunction<A> count) {
    this.from = from;
    this.count = count;
  }

  @Override
  public boolean hasNext() {
    return !pulled.isEmpty() || from.hasNext();
  }

  @Override
  public A next() {
    if (pulled.isEmpty()) {
      pulled.addLast(from.next());
    }
    int wanted = 1 + count.applyAsInt(pulled.getFirst());
    while (pulled.size() < wanted && from.hasNext()) {
      pulled.addLast(from.next());
    }
    return pulled.removeFirst();
  }
}
