package io.foresight.jobs.curate.card;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat_ws;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.countDistinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.jobs.curate.card.CardData.Example;
import io.foresight.jobs.curate.card.CardData.SplitFigures;
import io.foresight.jobs.curate.card.CardData.StepFigures;
import io.foresight.jobs.curate.step.Columns;
import io.foresight.jobs.curate.step.Split;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Counts what a step did, and takes examples of it that are the same each time. */
public final class Counting {

  private static final int EXAMPLES = 10;

  private Counting() {}

  /** What a prompt is as a text. */
  public static Column prompt() {
    return coalesce(col("prompt"), to_json(col("messages")));
  }

  /** What a step did. */
  public static StepFigures step(String name, String does, Dataset<Row> decided) {
    long kept = 0;
    Map<String, Long> reasons = new TreeMap<>();
    for (Row row : decided.groupBy(Columns.REASON).agg(count(lit(1))).collectAsList()) {
      if (row.isNullAt(0)) {
        kept = row.getLong(1);
      } else {
        reasons.put(row.getString(0), row.getLong(1));
      }
    }
    long dropped = reasons.values().stream().mapToLong(Long::longValue).sum();
    return new StepFigures(
        name,
        does,
        kept + dropped,
        kept,
        dropped,
        reasons,
        examples(decided.where(col(Columns.REASON).isNull())),
        dropped == 0 ? List.of() : examples(decided.where(col(Columns.REASON).isNotNull())));
  }

  private static List<Example> examples(Dataset<Row> rows) {
    List<Example> examples = new ArrayList<>();
    for (Row row :
        rows.select(
                col(Columns.UID),
                prompt(),
                col(Columns.TEXT),
                col(Columns.REWARD),
                concat_ws(": ", col(Columns.REASON), col(Columns.DETAIL)))
            .orderBy(xxhash64(col(Columns.UID)), col(Columns.UID))
            .limit(EXAMPLES)
            .collectAsList()) {
      examples.add(
          new Example(
              row.getString(0),
              row.getString(1),
              row.getString(2),
              row.isNullAt(3) ? null : row.getDouble(3),
              row.getString(4)));
    }
    return examples;
  }

  /**
   * What is on each side.
   *
   * @param rows before they are written, for their strata
   * @param written by side, how many rows are written
   */
  public static Map<String, SplitFigures> splits(
      Dataset<Row> rows, Map<String, Long> written, Iterable<String> sides) {
    Map<String, Map<String, Long>> strata = new TreeMap<>();
    for (Row row :
        rows.groupBy(Split.SIDE, "stratum")
            .agg(countDistinct(Columns.KEY))
            .orderBy("stratum")
            .collectAsList()) {
      strata
          .computeIfAbsent(row.getString(0), side -> new LinkedHashMap<>())
          .put(String.valueOf(row.get(1)), row.getLong(2));
    }
    Map<String, Long> prompts = new TreeMap<>();
    rows.groupBy(Split.SIDE)
        .agg(countDistinct(Columns.KEY))
        .collectAsList()
        .forEach(row -> prompts.put(row.getString(0), row.getLong(1)));
    Map<String, SplitFigures> splits = new LinkedHashMap<>();
    for (String side : sides) {
      splits.put(
          side,
          new SplitFigures(
              written.getOrDefault(side, 0L),
              prompts.getOrDefault(side, 0L),
              strata.getOrDefault(side, Map.of())));
    }
    return splits;
  }
}
