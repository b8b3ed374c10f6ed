package io.foresight.jobs.measure;

import static java.util.stream.Collectors.joining;
import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count_distinct;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.jobs.report.ReportData.Mark;
import io.foresight.jobs.report.ReportData.RowText;
import io.foresight.jobs.report.ReportData.RowTexts;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** The rows on which variants differ most, with what each made of them. */
public final class DifferingRows {

  /** Rows of a data set that a report shows. */
  public static final int MOST = 200;

  private DifferingRows() {}

  /**
   * The rows, those first whose rewards differ most, then those of which there are more different
   * texts; of one variant the rows with the lowest rewards.
   *
   * @param sources the variants of one data set
   */
  public static List<RowTexts> of(List<TextSource> sources) {
    Dataset<Row> all = null;
    for (TextSource source : sources) {
      Dataset<Row> one =
          source
              .identified()
              .select(
                  col(HiddenColumns.ID).as("id"),
                  coalesce(ColumnNames.column(source.prefix() + "reward"), lit(0.0)).as("reward"),
                  xxhash64(ColumnNames.column(source.text())).as("text"));
      all = all == null ? one : all.union(one);
    }
    List<Row> chosen =
        all.groupBy("id")
            .agg(
                max("reward").minus(min("reward")).as("spread"),
                count_distinct(col("text")).as("texts"),
                min("reward").as("lowest"))
            .orderBy(
                col("spread").desc(),
                col("texts").desc(),
                col("lowest"),
                xxhash64(col("id")),
                col("id"))
            .limit(MOST)
            .collectAsList();
    Map<String, Double> spreads = new LinkedHashMap<>();
    chosen.forEach(row -> spreads.put(row.getAs("id"), row.getAs("spread")));
    return texts(sources, spreads);
  }

  private static List<RowTexts> texts(List<TextSource> sources, Map<String, Double> spreads) {
    Map<String, Map<String, RowText>> texts = new LinkedHashMap<>();
    Map<String, RowTexts> rows = new LinkedHashMap<>();
    spreads.keySet().forEach(id -> texts.put(id, new LinkedHashMap<>()));
    for (TextSource source : sources) {
      TextRows columns = new TextRows(source);
      try (Rewards concepts = columns.coverage()) {
        for (Row row :
            source
                .identified()
                .where(col(HiddenColumns.ID).isin(spreads.keySet().toArray()))
                .collectAsList()) {
          String id = row.getAs(HiddenColumns.ID);
          Map<String, Object> values = Rows.values(row);
          texts.get(id).put(source.name(), text(columns, values, concepts));
          List<String> words = words(columns.scores(values));
          if (!rows.containsKey(id) || rows.get(id).words().isEmpty()) {
            rows.put(
                id,
                new RowTexts(
                    id,
                    source.dataset(),
                    prompt(source, values),
                    words,
                    spreads.get(id),
                    texts.get(id)));
          }
        }
      }
    }
    List<RowTexts> ordered = new ArrayList<>();
    spreads.keySet().forEach(id -> ordered.add(rows.get(id)));
    return ordered;
  }

  private static RowText text(TextRows columns, Map<String, Object> row, Rewards concepts) {
    String text = columns.text(row);
    return new RowText(
        text,
        columns.status(row),
        columns.reward(row),
        columns.length(row),
        columns.error(row),
        text == null ? List.of() : marks(text, columns.scores(row), concepts.forRow(row)));
  }

  private static List<Mark> marks(String text, Map<String, Double> scores, RowRewards concepts) {
    int most = words(scores).stream().mapToInt(word -> word.split("\\s+").length).max().orElse(0);
    // A form may have a word more than its concept.
    return concepts.isJudging() && most > 0 ? Marks.of(text, concepts, most + 1) : List.of();
  }

  /** The concepts, which are parts of their reward's score. */
  private static List<String> words(Map<String, Double> scores) {
    return scores.keySet().stream()
        .filter(name -> name.indexOf('.') > 0)
        .map(name -> name.substring(name.indexOf('.') + 1))
        .distinct()
        .toList();
  }

  private static String prompt(TextSource source, Map<String, Object> row) {
    return source.prompt().stream()
        .map(row::get)
        .map(
            value ->
                value instanceof List<?> list
                    ? list.stream().map(String::valueOf).collect(joining(" "))
                    : String.valueOf(value))
        .collect(joining(" "));
  }
}
