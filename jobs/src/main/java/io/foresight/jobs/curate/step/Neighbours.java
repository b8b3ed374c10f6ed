package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.feature.MinHashLSH;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * Near-duplicates, as groups of rows any two of which are such: rows {@code (group, rank)}. Two
 * ways find them, since neither does alone.
 *
 * <p>Short texts that differ by a few words anywhere have little in common that a hash could be of:
 * of eight words with three changed, not one word triple need be left. Their pairs are found
 * exactly: whatever is left of a text when up to three of its words are taken out is a key, and two
 * texts are near-duplicates if they share one. A text of ten words has 176 keys.
 *
 * <p>For texts of any length, Spark ML's MinHash of the words finds candidates, whose Jaccard
 * similarity is then computed. Spark's own join takes two rows for candidates when any one of their
 * hashes is equal, which most pairs of sentences have; here {@value #HASHES_PER_BAND} must be, in
 * one of {@value #BANDS} bands: that misses about one in 100,000 pairs of similarity 0.7, and keeps
 * pairs of similarity 0.1 apart but for 6 in 10,000.
 */
final class Neighbours {

  /** The longest texts of which all keys are made. */
  static final int SHORT = 16;

  static final int BANDS = 64;
  static final int HASHES_PER_BAND = 5;
  private static final int DIMENSIONS = 1 << 30;
  private static final long SEED = 20260101;

  /** Of a bucket with more rows, each is compared with the first alone. */
  private static final int LARGE = 1000;

  private static final StructType MEMBER =
      new StructType().add("group", DataTypes.LongType).add("rank", DataTypes.LongType);

  private static final StructType PAIR =
      new StructType().add("a", DataTypes.LongType).add("b", DataTypes.LongType);

  private Neighbours() {}

  /** How many of so many words may be changed: three in eight, and no more than is asked for. */
  static int allowed(int words, int most) {
    return Math.min(most, 3 * words / 8);
  }

  /**
   * Finds the groups.
   *
   * @param rows with rank, text and the column {@code _within}, whose values are kept apart
   * @param work an empty folder
   */
  static Dataset<Row> of(Dataset<Row> rows, Settings settings, Path work) {
    SparkSession spark = rows.sparkSession();
    Dataset<Row> texts =
        rows.select(col(Columns.RANK), col(Columns.TEXT), xxhash64(col("_within")).as("within"));
    Dataset<Row> found = byJaccard(texts, settings.get(CurationSettings.JACCARD), work);
    int most = settings.get(CurationSettings.CHANGED_WORDS);
    if (most > 0) {
      UDF2<String, Long, long[]> keys = (text, within) -> keys(text, within, most);
      Dataset<Row> keyed =
          texts.select(
              explode(
                      udf(keys, DataTypes.createArrayType(DataTypes.LongType))
                          .apply(col(Columns.TEXT), col("within")))
                  .as("group"),
              col(Columns.RANK));
      found = found.union(shared(keyed, new Path(work, "keys")));
    }
    String folder = new Path(work, "groups").toString();
    found.write().mode(SaveMode.Overwrite).parquet(folder);
    return spark.read().schema(MEMBER).parquet(folder);
  }

  /**
   * Those of rows {@code (group, rank)} whose group has another one. Nearly all groups have one
   * row, and most others two, which their first and last are; so that few are looked at twice.
   */
  private static Dataset<Row> shared(Dataset<Row> members, Path folder) {
    Dataset<Row> groups =
        Leaders.written(
            members
                .groupBy("group")
                .agg(min("rank").as("first"), max("rank").as("last"), count(lit(1)).as("rows"))
                .where(col("rows").gt(1)),
            folder);
    Dataset<Row> two =
        groups
            .where(col("rows").equalTo(2))
            .select(col("group"), explode(array(col("first"), col("last"))).as("rank"));
    Dataset<Row> more =
        members.join(
            groups.where(col("rows").gt(2)).select(col("group").as("_group")),
            col("group").equalTo(col("_group")),
            "left_semi");
    return two.union(more);
  }

  /** The keys of a text, each once; none of one that is long, or has no words. */
  static long[] keys(String text, long within, int most) {
    List<String> words = Texts.words(text);
    if (words.isEmpty() || words.size() > SHORT || most == 0) {
      return new long[0];
    }
    TreeSet<Long> keys = new TreeSet<>();
    addKeys(Texts.hashes(words), 0, within, 0, allowed(words.size(), most), keys);
    return keys.stream().mapToLong(Long::longValue).toArray();
  }

  private static void addKeys(
      long[] words, int at, long key, int kept, int removable, Set<Long> keys) {
    if (at == words.length) {
      keys.add(Texts.then(key, kept));
      return;
    }
    addKeys(words, at + 1, Texts.then(key, words[at]), kept + 1, removable, keys);
    if (removable > 0) {
      addKeys(words, at + 1, key, kept, removable - 1, keys);
    }
  }

  private static Dataset<Row> byJaccard(Dataset<Row> texts, double least, Path work) {
    UDF1<String, Vector> vector = Neighbours::vector;
    Dataset<Row> vectors =
        texts
            .withColumn("vector", udf(vector, SQLDataTypes.VectorType()).apply(col(Columns.TEXT)))
            .where(col("vector").isNotNull());
    if (vectors.isEmpty()) {
      return texts.sparkSession().createDataFrame(List.<Row>of(), MEMBER);
    }
    UDF2<Seq<Vector>, Long, long[]> bands = Neighbours::bands;
    Dataset<Row> buckets =
        new MinHashLSH()
            .setInputCol("vector")
            .setOutputCol("hashes")
            .setNumHashTables(BANDS * HASHES_PER_BAND)
            .setSeed(SEED)
            .fit(vectors)
            .transform(vectors)
            .select(
                explode(
                        udf(bands, DataTypes.createArrayType(DataTypes.LongType))
                            .apply(col("hashes"), col("within")))
                    .as("group"),
                col(Columns.RANK));
    UDF1<String, long[]> multiset = text -> Texts.multiset(Texts.words(text));
    Dataset<Row> sets =
        texts.select(
            col(Columns.RANK),
            udf(multiset, DataTypes.createArrayType(DataTypes.LongType))
                .apply(col(Columns.TEXT))
                .as("set"));
    UDF2<Seq<Long>, Seq<Long>, Double> jaccard = (a, b) -> Texts.jaccard(longs(a), longs(b));
    Dataset<Row> pairs =
        shared(buckets, new Path(work, "buckets"))
            .repartition(col("group"))
            .sortWithinPartitions("group", "rank")
            .mapPartitions(new Pairs(), Encoders.row(PAIR))
            .distinct();
    return pairs
        .join(sets.withColumnRenamed("rank", "a").withColumnRenamed("set", "setA"), "a")
        .join(sets.withColumnRenamed("rank", "b").withColumnRenamed("set", "setB"), "b")
        .where(udf(jaccard, DataTypes.DoubleType).apply(col("setA"), col("setB")).geq(lit(least)))
        .withColumn("group", xxhash64(lit("pair"), col("a"), col("b")))
        .select(col("group"), explode(array(col("a"), col("b"))).as("rank"));
  }

  private static long[] longs(Seq<Long> values) {
    return JavaConverters.seqAsJavaList(values).stream().mapToLong(Long::longValue).toArray();
  }

  /** The words as a set of their hashes; {@code null} without any, of which there is no MinHash. */
  private static Vector vector(String text) {
    int[] indices =
        Arrays.stream(Texts.multiset(Texts.words(text)))
            .mapToInt(hash -> (int) (hash & (DIMENSIONS - 1)))
            .sorted()
            .distinct()
            .toArray();
    if (indices.length == 0) {
      return null;
    }
    double[] ones = new double[indices.length];
    Arrays.fill(ones, 1);
    return Vectors.sparse(DIMENSIONS, indices, ones);
  }

  private static long[] bands(Seq<Vector> hashes, long within) {
    long[] bands = new long[BANDS];
    Iterator<Vector> values = JavaConverters.asJavaIterator(hashes.iterator());
    for (int band = 0; band < BANDS; band++) {
      long key = Texts.then(within, band);
      for (int i = 0; i < HASHES_PER_BAND; i++) {
        key = Texts.then(key, (long) values.next().apply(0));
      }
      bands[band] = key;
    }
    return bands;
  }

  /** Pairs of the rows of each bucket, of rows that come bucket by bucket in order. */
  private static final class Pairs implements MapPartitionsFunction<Row, Row> {

    private static final long serialVersionUID = 1;

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
      return new Iterator<>() {
        private final List<Long> bucket = new ArrayList<>();
        private long name;
        private Long current;
        private int at;

        @Override
        public boolean hasNext() {
          while (current == null || at == (bucket.size() < LARGE ? bucket.size() : 1)) {
            if (current != null && bucket.size() < LARGE) {
              bucket.add(current);
            }
            if (!rows.hasNext()) {
              current = null;
              bucket.clear();
              return false;
            }
            Row row = rows.next();
            if (row.getLong(0) != name) {
              bucket.clear();
              name = row.getLong(0);
            }
            current = row.getLong(1);
            at = 0;
          }
          return true;
        }

        @Override
        public Row next() {
          if (!hasNext()) {
            throw new NoSuchElementException();
          }
          return RowFactory.create(bucket.get(at++), current);
        }
      };
    }
  }
}
