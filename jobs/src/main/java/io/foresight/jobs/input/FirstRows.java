package io.foresight.jobs.input;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.rdd.PartitionPruningRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import scala.runtime.AbstractFunction1;

/** The first rows of a dataset in its partitions' order. */
final class FirstRows {

  private FirstRows() {}

  /** Takes rows; reads no more partitions than have them. */
  static Dataset<Row> of(Dataset<Row> rows, int limit) {
    JavaRDD<Row> rdd = rows.javaRDD();
    JavaRDD<Integer> counts = rdd.mapPartitions(some -> List.of(count(some, limit)).iterator());
    List<Integer> taken = new ArrayList<>();
    int left = limit;
    for (int from = 0, next = 1; from < rdd.getNumPartitions() && left > 0; next *= 4) {
      int to = Math.min(rdd.getNumPartitions(), from + next);
      for (List<Integer> count : counts.collectPartitions(IntStream.range(from, to).toArray())) {
        int take = Math.min(left, count.get(0));
        taken.add(take);
        left -= take;
      }
      from = to;
    }
    int used = taken.size();
    JavaRDD<Row> first = PartitionPruningRDD.create(rdd.rdd(), new Below(used)).toJavaRDD();
    JavaRDD<Row> limited =
        first.mapPartitionsWithIndex((index, some) -> first(some, taken.get(index)), true);
    return rows.sparkSession().createDataFrame(limited, rows.schema());
  }

  private static int count(Iterator<Row> rows, int most) {
    int count = 0;
    while (count < most && rows.hasNext()) {
      rows.next();
      count++;
    }
    return count;
  }

  private static Iterator<Row> first(Iterator<Row> rows, int count) {
    return new Iterator<>() {
      private int left = count;

      @Override
      public boolean hasNext() {
        return left > 0 && rows.hasNext();
      }

      @Override
      public Row next() {
        if (left-- <= 0) {
          throw new NoSuchElementException();
        }
        return rows.next();
      }
    };
  }

  private static final class Below extends AbstractFunction1<Object, Object>
      implements java.io.Serializable {

    private static final long serialVersionUID = 1;

    private final int end;

    Below(int end) {
      this.end = end;
    }

    @Override
    public Object apply(Object index) {
      return (Integer) index < end;
    }
  }
}
