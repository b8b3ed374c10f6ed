package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.format_number;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;
import static org.apache.spark.sql.functions.when;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.function.FlatMapGroupsFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Keeps some rows of each prompt. */
public final class Selection {

  private static final StructType CHOSEN = new StructType().add("chosen", DataTypes.LongType);

  private Selection() {}

  private static Iterator<Row> made(List<Long> ranks) {
    List<Row> rows = new ArrayList<>();
    ranks.forEach(rank -> rows.add(RowFactory.create(rank)));
    return rows.iterator();
  }

  /** The rows, decided. */
  public static Dataset<Row> of(Dataset<Row> rows, Settings settings) {
    int count = settings.get(CurationSettings.SELECT_COUNT);
    return switch (CurationSettings.select(settings)) {
      case ALL, AUTO -> Columns.kept(rows);
      case BEST -> best(rows, count);
      case ABOVE -> above(rows, settings.get(CurationSettings.SELECT_REWARD));
      case DIVERSE -> diverse(rows, count);
    };
  }

  private static Dataset<Row> best(Dataset<Row> rows, int count) {
    Dataset<Row> placed =
        rows.withColumn(
            "_place", row_number().over(Window.partitionBy(Columns.KEY).orderBy(Columns.RANK)));
    Column dropped = col("_place").gt(count);
    return Columns.decided(
            placed,
            when(dropped, "not the best"),
            when(
                dropped,
                concat(lit("place "), col("_place").cast("string"), lit(" of its prompt's rows"))))
        .drop("_place");
  }

  private static Dataset<Row> above(Dataset<Row> rows, double least) {
    Column dropped = col(Columns.REWARD).isNull().or(col(Columns.REWARD).lt(least));
    return Columns.decided(
        rows,
        when(dropped, "reward"),
        when(dropped, concat(format_number(col(Columns.REWARD), 3), lit(" is below " + least))));
  }

  private static Dataset<Row> diverse(Dataset<Row> rows, int count) {
    Dataset<Row> texts = rows.select(Columns.KEY, Columns.RANK, Columns.TEXT);
    MapFunction<Row, String> key = row -> row.getString(0);
    FlatMapGroupsFunction<String, Row, Row> choose =
        (prompt, of) -> {
          List<Row> all = new ArrayList<>();
          of.forEachRemaining(all::add);
          return made(chosen(all, count));
        };
    Dataset<Row> chosen =
        texts.groupByKey(key, Encoders.STRING()).flatMapGroups(choose, Encoders.row(CHOSEN));
    Dataset<Row> joined =
        rows.join(chosen, rows.col(Columns.RANK).equalTo(chosen.col("chosen")), "left_outer");
    Column dropped = col("chosen").isNull();
    return Columns.decided(
            joined,
            when(dropped, "less diverse"),
            when(dropped, lit("others of its prompt differ more")))
        .drop("chosen");
  }

  /**
   * Ranks of the rows whose words differ most: the best, then each time the one whose likest chosen
   * one is least like it; of several, the best.
   *
   * @param rows of a prompt: key, rank, text
   */
  static List<Long> chosen(List<Row> rows, int count) {
    rows.sort(Comparator.comparingLong(row -> row.getLong(1)));
    long[][] sets = new long[rows.size()][];
    double[] likeness = new double[rows.size()];
    for (int i = 0; i < sets.length; i++) {
      sets[i] = Texts.multiset(Texts.words(rows.get(i).getString(2)));
    }
    List<Long> chosen = new ArrayList<>();
    Set<Integer> taken = new HashSet<>();
    int next = 0;
    while (chosen.size() < count && taken.size() < sets.length) {
      chosen.add(rows.get(next).getLong(1));
      taken.add(next);
      int last = next;
      next = -1;
      for (int i = 0; i < sets.length; i++) {
        likeness[i] = Math.max(likeness[i], Texts.jaccard(sets[i], sets[last]));
        if (!taken.contains(i) && (next < 0 || likeness[i] < likeness[next])) {
          next = i;
        }
      }
    }
    return chosen;
  }
}
