package io.foresight.jobs.generate;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.count_if;
import static org.apache.spark.sql.functions.exists;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.percentile_approx;
import static org.apache.spark.sql.functions.size;

import io.foresight.decoding.DecodingSettings;
import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.input.InputReader;
import io.foresight.jobs.output.Summary;
import io.foresight.spark.PromptLengths;
import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.run.RunException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Observation;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/**
 * What an input's rows hold, of all of them, in one pass. The driver gets figures alone, however
 * many rows there are. Of one thread.
 */
final class InputStatistics {

  /** Quantiles are wrong by one row in this many, at most. */
  private static final int ACCURACY = 10_000;

  private final Dataset<Row> prompts;
  private final Set<String> columns;
  private final Lengths lengths;
  private final Observation observation = new Observation();

  private long rows;
  private Map<String, Object> figures = Map.of();

  /**
   * What prompts are measured by.
   *
   * @param settings how they are built
   * @param context tokens that the target's context holds, at least 1
   */
  record Lengths(GenerationSettings settings, int context) {}

  /**
   * @param prompts as {@link InputReader} reads them
   * @param columns of which nulls and blanks are counted; the rows have them
   * @param lengths null if prompts cannot be built
   */
  InputStatistics(Dataset<Row> prompts, Set<String> columns, Lengths lengths) {
    this.prompts = prompts;
    this.columns = columns;
    this.lengths = lengths;
  }

  /**
   * Goes through the rows.
   *
   * @param id column of ids; null if they are derived
   * @return how many rows there are
   * @throws RunException if ids are null or stand in several rows; the other figures are there all
   *     the same
   * @throws InterruptedException if the thread is
   */
  Long measure(String id) throws InterruptedException {
    Dataset<Row> measured = lengths == null ? prompts : PromptLengths.of(prompts, lengths.settings);
    List<Column> wanted = wanted();
    Dataset<Row> observed =
        measured.observe(
            observation, wanted.get(0), wanted.subList(1, wanted.size()).toArray(Column[]::new));
    try {
      rows = InputReader.countWithUniqueIds(observed, id);
    } catch (RunException e) {
      // The rows were gone through: what stops that is thrown as Spark's own.
      figures = observation.getAsJava();
      rows = number("rows");
      throw e;
    }
    // Spark may leave the observation of no rows out.
    figures = rows == 0 ? Map.of() : observation.getAsJava();
    return rows;
  }

  private List<Column> wanted() {
    Column unread = col(HiddenColumns.INPUT_ERROR);
    List<Column> wanted = new ArrayList<>();
    wanted.add(count(lit(1)).as("rows"));
    wanted.add(count(unread).as("unread"));
    wanted.add(min(unread).as("unread example"));
    int i = 0;
    for (String name : columns) {
      Column value = ColumnNames.column(name);
      Column blank = isBlank(value, prompts.schema().apply(name).dataType());
      wanted.add(count_if(unread.isNull().and(value.isNull())).as("null " + i));
      wanted.add(count_if(unread.isNull().and(coalesce(blank, lit(false)))).as("blank " + i));
      i++;
    }
    if (lengths != null) {
      Column tokens = col(PromptLengths.TOKENS);
      Column room = lit(lengths.context).minus(tokens);
      int wantedRoom = lengths.settings.settings().get(DecodingSettings.MAX_NEW_TOKENS);
      wanted.add(count(tokens).as("built"));
      wanted.add(count(col(PromptLengths.REASON)).as("unbuilt"));
      wanted.add(min(col(PromptLengths.REASON)).as("unbuilt example"));
      wanted.add(percentile_approx(tokens, lit(0.5), lit(ACCURACY)).as("median"));
      wanted.add(percentile_approx(tokens, lit(0.99), lit(ACCURACY)).as("99 %"));
      wanted.add(max(tokens).as("longest"));
      wanted.add(count_if(room.lt(lit(1))).as("without room"));
      wanted.add(count_if(room.geq(lit(1)).and(room.lt(lit(wantedRoom)))).as("short of room"));
    }
    return wanted;
  }

  private static Column isBlank(Column value, DataType type) {
    if (type.equals(DataTypes.StringType)) {
      return value.rlike("(?U)^\\s*$");
    }
    if (type instanceof ArrayType list && list.elementType().equals(DataTypes.StringType)) {
      return exists(value, element -> element.rlike("\\S"))
          .equalTo(lit(false))
          .or(size(value).equalTo(lit(0)));
    }
    return lit(false);
  }

  private long number(String name) {
    return figures.get(name) instanceof Number number ? number.longValue() : 0;
  }

  /** Whether the rows were gone through, and there were some. */
  boolean areKnown() {
    return !figures.isEmpty();
  }

  private String example(String name) {
    return figures.get(name) == null ? "" : ", for example: " + figures.get(name);
  }

  /** The figures, one kind a line. */
  String table() {
    StringBuilder table = new StringBuilder();
    long unread = number("unread");
    Summary.line(
        table,
        "rows",
        "%d: %d cannot be read%s".formatted(rows, unread, example("unread example")));
    int i = 0;
    for (String name : columns) {
      Summary.line(
          table,
          "column " + name,
          "%d null, %d blank".formatted(number("null " + i), number("blank " + i)));
      i++;
    }
    if (lengths != null) {
      Summary.line(
          table,
          "prompts",
          "%d; of %d rows none can be built%s"
              .formatted(number("built"), number("unbuilt"), example("unbuilt example")));
      Summary.line(
          table,
          "prompt tokens",
          "median %d, 99 %% %d, longest %d; the context holds %d: %d do not fit, %d leave less than %d for the output"
              .formatted(
                  number("median"),
                  number("99 %"),
                  number("longest"),
                  lengths.context,
                  number("without room"),
                  number("short of room"),
                  lengths.settings.settings().get(DecodingSettings.MAX_NEW_TOKENS)));
    }
    Summary.line(table, "partitions", "%d".formatted(prompts.javaRDD().getNumPartitions()));
    return table.toString();
  }
}
