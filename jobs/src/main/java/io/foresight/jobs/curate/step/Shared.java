package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Finds what rows have in common by keys, of which each row has hundreds and nearly all are of one
 * row alone. So many would be too many rows for Spark: they go as blocks of numbers to one of many
 * buckets, by their hash, and a bucket is sorted in memory. A bucket has about {@value
 * #KEYS_PER_BUCKET} keys of three numbers, so that memory does not depend on the number of rows,
 * unless millions share one key.
 */
final class Shared {

  /** Keys that are looked at together, on average. */
  static final int KEYS_PER_BUCKET = 1 << 20;

  /** Bytes of the blocks that a task fills at a time. */
  private static final int BUFFERED = 8 << 20;

  private static final int LONGEST_BLOCK = 2048;

  /** Numbers of an entry: key, value and sketch. */
  private static final int WIDTH = 3;

  private static final StructType BLOCK =
      new StructType().add("bucket", DataTypes.IntegerType).add("block", DataTypes.BinaryType);

  private Shared() {}

  /**
   * What is known of a row.
   *
   * @param keys each once
   * @param value which row it is; entries of a key are ordered by it
   * @param sketch anything else that is asked for when entries of a key are looked at
   */
  record Keyed(long[] keys, long value, long sketch) {}

  /** Makes the keys of a row. */
  interface Maker extends Serializable {
    Keyed of(Row row);
  }

  /** Takes the rows that are found. */
  interface Sink {
    void add(long first, long second);
  }

  /** Looks at all entries of one key, two at least, in the order of their values. */
  interface Visitor extends Serializable {
    void visit(long[] values, long[] sketches, Sink found);
  }

  /**
   * What the visitor finds, each once.
   *
   * @param keys about how many there are
   * @param found the shape of what is found: two columns of type long
   */
  static Dataset<Row> of(
      Dataset<Row> rows, Maker maker, long keys, Visitor visitor, StructType found) {
    int buckets = (int) Math.min(1 << 16, 1 + keys / KEYS_PER_BUCKET);
    MapPartitionsFunction<Row, Row> blocks = some -> new Blocks(some, maker, buckets);
    MapPartitionsFunction<Row, Row> visits = some -> new Visits(some, visitor);
    return rows.mapPartitions(blocks, Encoders.row(BLOCK))
        .repartition(col("bucket"))
        .sortWithinPartitions("bucket")
        .mapPartitions(visits, Encoders.row(found))
        .distinct();
  }

  /** Rows that are made a few at a time. */
  private abstract static class Queued implements Iterator<Row> {

    final Deque<Row> made = new ArrayDeque<>();

    /** Makes some rows, or none; {@code false} if no more can come. */
    abstract boolean more();

    @Override
    public boolean hasNext() {
      while (made.isEmpty()) {
        if (!more()) {
          return !made.isEmpty();
        }
      }
      return true;
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return made.poll();
    }
  }

  /** Cuts the entries into blocks of one bucket each. */
  private static final class Blocks extends Queued {

    private final Iterator<Row> rows;
    private final Maker maker;
    private final ByteBuffer[] blocks;
    private final int bytes;

    Blocks(Iterator<Row> rows, Maker maker, int buckets) {
      this.rows = rows;
      this.maker = maker;
      blocks = new ByteBuffer[buckets];
      int entries = BUFFERED / buckets / WIDTH / Long.BYTES;
      bytes = Math.max(8, Math.min(LONGEST_BLOCK, entries)) * WIDTH * Long.BYTES;
    }

    @Override
    boolean more() {
      if (!rows.hasNext()) {
        for (int bucket = 0; bucket < blocks.length; bucket++) {
          if (blocks[bucket] != null) {
            emit(bucket);
          }
        }
        return false;
      }
      Keyed row = maker.of(rows.next());
      for (long key : row.keys()) {
        int bucket =
            (int) Long.remainderUnsigned((key * 0xD6E8FEB86659FD93L) >>> 16, blocks.length);
        if (blocks[bucket] == null) {
          blocks[bucket] = ByteBuffer.allocate(bytes);
        }
        blocks[bucket].putLong(key).putLong(row.value()).putLong(row.sketch());
        if (!blocks[bucket].hasRemaining()) {
          emit(bucket);
        }
      }
      return true;
    }

    private void emit(int bucket) {
      ByteBuffer block = blocks[bucket];
      byte[] filled = new byte[block.position()];
      block.flip().get(filled);
      made.add(RowFactory.create(bucket, filled));
      blocks[bucket] = null;
    }
  }

  /** Looks at one bucket after the other. */
  private static final class Visits extends Queued {

    private final Iterator<Row> rows;
    private final Visitor visitor;
    private Row ahead;
    private long[] keys = new long[1024];
    private long[] values = new long[1024];
    private long[] sketches = new long[1024];

    Visits(Iterator<Row> rows, Visitor visitor) {
      this.rows = rows;
      this.visitor = visitor;
    }

    @Override
    boolean more() {
      if (ahead == null) {
        if (!rows.hasNext()) {
          return false;
        }
        ahead = rows.next();
      }
      int bucket = ahead.getInt(0);
      int size = 0;
      while (ahead != null && ahead.getInt(0) == bucket) {
        ByteBuffer block = ByteBuffer.wrap(ahead.<byte[]>getAs(1));
        int entries = block.remaining() / WIDTH / Long.BYTES;
        if (size + entries > keys.length) {
          int length = Math.max(size + entries, keys.length + (keys.length >> 1));
          keys = Arrays.copyOf(keys, length);
          values = Arrays.copyOf(values, length);
          sketches = Arrays.copyOf(sketches, length);
        }
        for (; block.hasRemaining(); size++) {
          keys[size] = block.getLong();
          values[size] = block.getLong();
          sketches[size] = block.getLong();
        }
        ahead = rows.hasNext() ? rows.next() : null;
      }
      visit(size);
      return true;
    }

    private void visit(int size) {
      long[] several = several(Arrays.copyOf(keys, size));
      if (several.length == 0) {
        return;
      }
      // Entries of such keys, counted and then put behind one another key by key.
      int[] places = new int[several.length + 1];
      int left = 0;
      int[] which = new int[size];
      for (int i = 0; i < size; i++) {
        int at = Arrays.binarySearch(several, keys[i]);
        if (at >= 0) {
          keys[left] = keys[i];
          values[left] = values[i];
          sketches[left] = sketches[i];
          which[left++] = at;
          places[at + 1]++;
        }
      }
      for (int i = 0; i < several.length; i++) {
        places[i + 1] += places[i];
      }
      int[] next = Arrays.copyOf(places, several.length);
      int[] order = new int[left];
      for (int i = 0; i < left; i++) {
        order[next[which[i]]++] = i;
      }
      Set<List<Long>> seen = new HashSet<>();
      Sink found =
          (first, second) -> {
            if (seen.add(List.of(first, second))) {
              made.add(RowFactory.create(first, second));
            }
          };
      for (int i = 0; i < several.length; i++) {
        Integer[] entries = new Integer[places[i + 1] - places[i]];
        for (int j = 0; j < entries.length; j++) {
          entries[j] = order[places[i] + j];
        }
        Arrays.sort(entries, (a, b) -> Long.compare(values[a], values[b]));
        visitor.visit(
            Arrays.stream(entries).mapToLong(entry -> values[entry]).toArray(),
            Arrays.stream(entries).mapToLong(entry -> sketches[entry]).toArray(),
            found);
      }
    }

    /** What stands there twice or more, sorted, each once. */
    private static long[] several(long[] all) {
      Arrays.sort(all);
      int count = 0;
      for (int i = 1; i < all.length; i++) {
        if (all[i] == all[i - 1] && (count == 0 || all[count - 1] != all[i])) {
          all[count++] = all[i];
        }
      }
      return Arrays.copyOf(all, count);
    }
  }
}
