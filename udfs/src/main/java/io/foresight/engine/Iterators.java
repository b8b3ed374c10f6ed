package io.foresight.engine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * Iterators made of others; but for {@link #ahead}, each pulls an element when it is asked for one.
 */
public final class Iterators {

  private Iterators() {}

  /** The elements of an iterator, each made into another as it is pulled. */
  public static <A, B> Iterator<B> mapped(Iterator<A> from, Function<A, B> function) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return from.hasNext();
      }

      @Override
      public B next() {
        return function.apply(from.next());
      }
    };
  }

  /** The elements of one iterator, then those of the other. */
  static <A> Iterator<A> concatenated(Iterator<A> first, Iterator<A> then) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return first.hasNext() || then.hasNext();
      }

      @Override
      public A next() {
        return first.hasNext() ? first.next() : then.next();
      }
    };
  }

  /**
   * The same elements, each given once so many that come after it have been pulled.
   *
   * @param count elements to be pulled before the given one is handed out
   */
  static <A> Iterator<A> ahead(Iterator<A> from, ToIntFunction<A> count) {
    Deque<A> pulled = new ArrayDeque<>();
    return new Iterator<>() {
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
    };
  }
}
