package io.foresight.spark.rows;

import java.util.Iterator;
import java.util.function.Function;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** What user-defined functions over partitions have in common. */
public final class Rows {

  private static final int LONGEST_REASON = 2000;

  private Rows() {}

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
  public static <A> Iterator<A> concatenated(Iterator<A> first, Iterator<A> then) {
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

  /** What went wrong, for the row's error; no longer than a reader wants, whatever it quotes. */
  public static String reason(RuntimeException e) {
    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
    return reason.length() <= LONGEST_REASON ? reason : reason.substring(0, LONGEST_REASON) + "...";
  }

  /** The first {@code kept} values of a row, and further ones. */
  public static Row append(Row row, int kept, Object... added) {
    Object[] values = new Object[kept + added.length];
    for (int i = 0; i < kept; i++) {
      values[i] = row.get(i);
    }
    System.arraycopy(added, 0, values, kept, added.length);
    return RowFactory.create(values);
  }
}
