package io.foresight.engine;

import java.util.Iterator;
import java.util.function.Function;

/** Iterators made of others; each pulls an element when it is asked for one, and not before. */
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
}
