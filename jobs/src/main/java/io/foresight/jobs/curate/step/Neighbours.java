package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.settings.Settings;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.feature.MinHashLSH;
import org.apache.spark.ml.feature.MinHashLSHModel;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
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

  /** Spark's {@code MinHashLSH.HASH_PRIME}. */
  private static final long PRIME = 2_038_074_743;

  /** An entry's value is a rank, and in its last bits the number of words. */
  private static final int SIZE_BITS = 16;

  private static final long LARGEST_SIZE = (1L << SIZE_BITS) - 1;

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
   * @param rows with rank, text, words and the column {@code _within}, whose values are kept apart
   * @param work an empty folder
   */
  static Dataset<Row> of(Dataset<Row> rows, Settings settings, Path work) {
    Dataset<Row> texts =
        rows.select(
            col(Columns.RANK),
            col(Columns.TEXT),
            xxhash64(col("_within")).as("within"),
            col(Columns.WORDS));
    Dataset<Row> found = byJaccard(texts, settings.get(CurationSettings.JACCARD), work);
    int most = settings.get(CurationSettings.CHANGED_WORDS);
    if (most > 0) {
      found = found.union(byKeys(texts, most));
    }
    return Leaders.written(found, new Path(work, "groups"));
  }

  /** Of keys with the same rows there is one group; most have two, and share most keys. */
  private static Dataset<Row> byKeys(Dataset<Row> texts, int most) {
    UDF1<Integer, Long> count = words -> words > SHORT ? 0 : keys(words, allowed(words, most));
    Row keys =
        texts.agg(sum(udf(count, DataTypes.LongType).apply(col(Columns.WORDS))).as("keys")).head();
    return Shared.of(
        texts,
        row -> new Shared.Keyed(keys(row.getString(1), row.getLong(2), most), row.getLong(0), 0),
        keys.isNullAt(0) ? 0 : keys.getLong(0),
        (ranks, sketches, found) -> {
          long group = 0;
          for (long rank : ranks) {
            group = Texts.then(group, rank);
          }
          for (long rank : ranks) {
            found.add(group, rank);
          }
        },
        MEMBER);
  }

  /** How many ways there are to take out up to so many of some words. */
  private static long keys(int words, int removable) {
    long all = 0;
    long ways = 1;
    for (int taken = 0; taken <= removable; taken++) {
      all += ways;
      ways = ways * (words - taken) / (taken + 1);
    }
    return all;
  }

  /** The keys of a text, each once; none of one that is long, or has no words. */
  static long[] keys(String text, long within, int most) {
    List<String> words = Texts.words(text);
    if (words.isEmpty() || words.size() > SHORT || most == 0) {
      return new long[0];
    }
    int removable = allowed(words.size(), most);
    long[] keys = new long[(int) keys(words.size(), removable)];
    addKeys(Texts.hashes(words), 0, within, 0, removable, keys, 0);
    return Arrays.stream(keys).sorted().distinct().toArray();
  }

  /** Adds the keys of what begins so, and returns where the next ones belong. */
  private static int addKeys(
      long[] words, int at, long key, int kept, int removable, long[] keys, int next) {
    if (at == words.length) {
      keys[next] = Texts.then(key, kept);
      return next + 1;
    }
    int after = addKeys(words, at + 1, Texts.then(key, words[at]), kept + 1, removable, keys, next);
    return removable > 0 ? addKeys(words, at + 1, key, kept, removable - 1, keys, after) : after;
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
    MinHashLSHModel model =
        new MinHashLSH()
            .setInputCol("vector")
            .setOutputCol("hashes")
            .setNumHashTables(BANDS * HASHES_PER_BAND)
            .setSeed(SEED)
            .fit(vectors);
    long[] functions = functions(model);
    UDF1<String, long[]> multiset = text -> Texts.multiset(Texts.words(text));
    Dataset<Row> sets =
        texts.select(
            col(Columns.RANK),
            udf(multiset, DataTypes.createArrayType(DataTypes.LongType))
                .apply(col(Columns.TEXT))
                .as("set"));
    UDF2<Seq<Long>, Seq<Long>, Double> jaccard = (a, b) -> Texts.jaccard(longs(a), longs(b));
    Dataset<Row> pairs =
        Leaders.written(
            Shared.of(
                vectors.select(Columns.RANK, Columns.TEXT, "within"),
                row -> banded(row, functions),
                BANDS * texts.count(),
                (values, sketches, found) -> pairs(values, sketches, least, found),
                PAIR),
            new Path(work, "pairs"));
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
    int[] indices = indices(Texts.multiset(Texts.words(text)));
    if (indices.length == 0) {
      return null;
    }
    double[] ones = new double[indices.length];
    Arrays.fill(ones, 1);
    return Vectors.sparse(DIMENSIONS, indices, ones);
  }

  private static int[] indices(long[] multiset) {
    return Arrays.stream(multiset)
        .mapToInt(hash -> (int) (hash & (DIMENSIONS - 1)))
        .sorted()
        .distinct()
        .toArray();
  }

  /** Factor and summand of each of the model's hash functions. */
  static long[] functions(MinHashLSHModel model) {
    return Arrays.stream(model.randCoefficients())
        .flatMap(both -> Stream.of(both._1(), both._2()))
        .mapToLong(value -> ((Number) value).longValue())
        .toArray();
  }

  /**
   * What the model's {@code transform} makes of a vector, without a vector for every number of it.
   */
  static long[] minHashes(int[] indices, long[] functions) {
    long[] hashes = new long[functions.length / 2];
    for (int i = 0; i < hashes.length; i++) {
      long least = Long.MAX_VALUE;
      for (int index : indices) {
        long hash = ((1L + index) * functions[2 * i] + functions[2 * i + 1]) % PRIME;
        least = Math.min(least, hash);
      }
      hashes[i] = least;
    }
    return hashes;
  }

  /** The bands of a text, and what its Jaccard similarity is at most judged by. */
  private static Shared.Keyed banded(Row row, long[] functions) {
    long[] multiset = Texts.multiset(Texts.words(row.getString(1)));
    long[] hashes = minHashes(indices(multiset), functions);
    long[] bands = new long[BANDS];
    for (int band = 0; band < BANDS; band++) {
      long key = Texts.then(row.getLong(2), band);
      for (int i = 0; i < HASHES_PER_BAND; i++) {
        key = Texts.then(key, hashes[band * HASHES_PER_BAND + i]);
      }
      bands[band] = key;
    }
    long sketch = 0;
    for (long word : multiset) {
      sketch |= 1L << (word >>> 58);
    }
    return new Shared.Keyed(
        bands, row.getLong(0) << SIZE_BITS | Math.min(multiset.length, LARGEST_SIZE), sketch);
  }

  /** The pairs of a bucket that may be similar enough. */
  private static void pairs(long[] values, long[] sketches, double least, Shared.Sink found) {
    for (int j = 1; j < values.length; j++) {
      int others = j < LARGE ? j : 1;
      for (int i = 0; i < others; i++) {
        if (mayBeSimilar(values[i], sketches[i], values[j], sketches[j], least)) {
          found.add(values[i] >> SIZE_BITS, values[j] >> SIZE_BITS);
        }
      }
    }
  }

  /**
   * Whether the Jaccard similarity may be as large: each bit that one sketch alone has is of a word
   * that one text alone has.
   */
  private static boolean mayBeSimilar(long a, long sketchA, long b, long sketchB, double least) {
    long sizeA = a & LARGEST_SIZE;
    long sizeB = b & LARGEST_SIZE;
    if (sizeA == LARGEST_SIZE || sizeB == LARGEST_SIZE) {
      return true;
    }
    double apart = (sizeA + sizeB) * (1 - least) / (1 + least);
    return Long.bitCount(sketchA ^ sketchB) <= apart + 1e-6;
  }
}
