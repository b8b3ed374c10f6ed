package io.foresight.jobs.measure;

import io.foresight.jobs.metrics.DocumentFrequencies;
import io.foresight.spark.rows.Rows;
import java.util.Map;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/** Counts in how many rows' references word sequences stand. */
public final class ReferenceFrequencies {

  private ReferenceFrequencies() {}

  /**
   * Those of a source's references, by an aggregation; the driver gets the sequences of more than
   * one row.
   *
   * @return {@code null} if no row has a reference
   */
  public static DocumentFrequencies of(TextSource source) {
    if (source.references() == null) {
      return null;
    }
    TextRows texts = new TextRows(source);
    JavaRDD<Set<Long>> keys =
        source
            .rows()
            .toJavaRDD()
            .map(row -> texts.references(Rows.values(row)))
            .filter(references -> !references.isEmpty())
            .map(DocumentFrequencies::keys);
    long rows = keys.count();
    if (rows == 0) {
      return null;
    }
    Map<Long, Long> counts =
        keys.flatMapToPair(of -> of.stream().map(key -> new Tuple2<>(key, 1L)).iterator())
            .reduceByKey(Long::sum)
            .filter(counted -> counted._2() > 1)
            .collectAsMap();
    return new DocumentFrequencies(rows, counts);
  }
}
