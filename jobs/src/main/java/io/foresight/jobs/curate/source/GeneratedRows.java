package io.foresight.jobs.curate.source;

import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.xxhash64;

import io.foresight.decoding.RowFault;
import io.foresight.engine.prompt.Chat;
import io.foresight.engine.prompt.Prompt;
import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.jobs.curate.step.Columns;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.model.text.ChatTemplate.Turn;
import io.foresight.spark.rows.ColumnNames;
import io.foresight.spark.rows.RowFormat;
import io.foresight.spark.rows.Rows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.collection.JavaConverters;

/**
 * A source's rows in the shape of {@link Columns#ROW}: one per text, of all that a row chose among.
 */
public final class GeneratedRows {

  private static final DataType SCORES =
      DataTypes.createMapType(DataTypes.StringType, DataTypes.DoubleType);

  private static final DataType OUTPUTS =
      DataTypes.createArrayType(
          new StructType()
              .add("text", DataTypes.StringType)
              .add("reward", DataTypes.DoubleType)
              .add("constraint_scores", SCORES)
              .add("satisfied", DataTypes.BooleanType)
              .add("tokens", DataTypes.IntegerType)
              .add("log_prob", DataTypes.DoubleType));

  private static final String ID = "_foresight_id";

  private GeneratedRows() {}

  /**
   * Reads the rows.
   *
   * @param kept columns of the input's own that are kept along
   * @param stratify column whose values are spread evenly; empty for the number of constraints
   */
  public static Dataset<Row> read(
      SparkSession spark, Source source, int number, List<String> kept, String stratify) {
    Dataset<Row> rows = load(spark, source);
    List<String> names = Arrays.asList(rows.columns());
    require(source, names, source.textColumn(), "the texts");
    for (String column : source.prompt().columns()) {
      require(source, names, column, "the prompt");
    }
    if (!stratify.isEmpty()) {
      require(source, names, stratify, "what is stratified by (curate.stratify)");
    }
    Column id =
        source.idColumn() == null || !names.contains(source.idColumn())
            ? xxhash64(
                    names.stream()
                        .filter(name -> !name.equals(source.prefix() + "constraint_scores"))
                        .filter(name -> !name.equals(source.prefix() + "outputs"))
                        .map(ColumnNames::column)
                        .toArray(Column[]::new))
                .cast("string")
            : ColumnNames.column(source.idColumn()).cast("string");
    List<Column> along = new ArrayList<>();
    for (String name : kept) {
      if (!Columns.OWN.contains(name)) {
        require(source, names, name, "what is written along (curate.columns)");
        along.add(ColumnNames.column(name).as(name));
      }
    }
    Dataset<Row> identified = rows.withColumn(ID, id);
    if (!along.isEmpty()) {
      identified = identified.withColumn(Columns.ALONG, struct(along.toArray(Column[]::new)));
    }
    StructType schema =
        Columns.row(along.isEmpty() ? null : identified.schema().apply(Columns.ALONG).dataType());
    return identified.flatMap(
        new Read(source, number, stratify, schema, !along.isEmpty()), Encoders.row(schema));
  }

  private static void require(Source source, List<String> names, String column, String what) {
    if (!names.contains(column)) {
      throw InputProblem.told(
          "Cannot find column %s, which holds %s, in %s: it has %s. Name the column in the settings (prompt.template, prompt.column, output.prefix)."
              .formatted(column, what, source.label(), names));
    }
  }

  private static Dataset<Row> load(SparkSession spark, Source source) {
    Map<String, String> options = source.format().options();
    Dataset<Row> rows =
        spark
            .read()
            .format(source.format().sparkName())
            .options(options)
            .option("__globPaths__", "false")
            .load(source.path());
    if (source.format() != RowFormat.JSONL) {
      return rows;
    }
    // Of JSON, Spark takes a map for a structure.
    StructType schema = new StructType();
    for (StructField field : rows.schema().fields()) {
      String name = field.name();
      schema =
          name.equals(source.prefix() + "constraint_scores")
              ? schema.add(name, SCORES)
              : name.equals(source.prefix() + "outputs")
                  ? schema.add(name, OUTPUTS)
                  : schema.add(field);
    }
    return spark
        .read()
        .format(source.format().sparkName())
        .options(options)
        .schema(schema)
        .option("__globPaths__", "false")
        .load(source.path());
  }

  /** Makes rows of a partition's; of one thread. */
  private static final class Read implements FlatMapFunction<Row, Row> {

    private static final long serialVersionUID = 1;
    private final String label;
    private final int number;
    private final Prompt prompt;
    private final String text;
    private final String prefix;
    private final String concepts;
    private final String stratify;
    private final StructType schema;
    private final boolean along;

    Read(Source source, int number, String stratify, StructType schema, boolean along) {
      this.label = source.label();
      this.number = number;
      this.prompt = source.prompt();
      this.text = source.textColumn();
      this.prefix = source.prefix();
      this.concepts = source.conceptsColumn();
      this.stratify = stratify;
      this.schema = schema;
      this.along = along;
    }

    @Override
    public Iterator<Row> call(Row row) {
      Map<String, Object> values = Rows.values(row);
      String id = String.valueOf(values.get(ID));
      String error = (String) values.get(prefix + "error");
      String plain = null;
      List<Row> turns = null;
      try {
        if (prompt instanceof Chat chat) {
          turns = new ArrayList<>();
          for (Turn turn : chat.turns(values)) {
            turns.add(RowFactory.create(turn.role(), turn.content().text()));
          }
        } else {
          plain = ((PromptTemplate) prompt).render(values);
        }
      } catch (RowFault e) {
        error = error == null ? e.getMessage() : error;
        turns = null;
      }
      String key = plain != null ? plain : turns == null ? null : turns.toString();
      String chosen = (String) values.get(text);
      String status = status(values, error);
      String stratum = stratum(values);
      List<Row> made = new ArrayList<>();
      if (values.get(prefix + "outputs") instanceof List<?> outputs && !outputs.isEmpty()) {
        boolean found = false;
        for (int i = 0; i < outputs.size(); i++) {
          Map<?, ?> output = (Map<?, ?>) outputs.get(i);
          boolean best = !found && chosen != null && chosen.equals(output.get("text"));
          found |= best;
          // How each of the others ended is not written; whether it is satisfied is.
          String ended =
              best || error != null
                  ? status
                  : Boolean.FALSE.equals(output.get("satisfied")) ? "unsatisfied" : "ok";
          made.add(
              made(
                  id,
                  i,
                  key,
                  plain,
                  turns,
                  (String) output.get("text"),
                  output,
                  "",
                  ended,
                  error,
                  stratum,
                  row));
        }
      } else {
        made.add(
            made(id, 0, key, plain, turns, chosen, values, prefix, status, error, stratum, row));
      }
      return made.iterator();
    }

    private Row made(
        String id,
        int sample,
        String key,
        String plain,
        List<Row> turns,
        String output,
        Map<?, ?> of,
        String prefixOf,
        String status,
        String error,
        String stratum,
        Row row) {
      Object[] values = new Object[schema.size()];
      Object reward = of.get(prefixOf + "reward");
      int i = 0;
      values[i++] = "%s#%d#%03d".formatted(id, number, sample);
      values[i++] = id;
      values[i++] = label;
      values[i++] = sample;
      values[i++] = key;
      values[i++] = plain;
      values[i++] = turns == null ? null : JavaConverters.asScalaBuffer(turns).toList();
      values[i++] = output;
      values[i++] =
          reward instanceof Number n && !Double.isNaN(n.doubleValue()) ? n.doubleValue() : null;
      values[i++] = of.get(prefixOf + "satisfied");
      values[i++] = status;
      values[i++] = error;
      values[i++] = of.get(prefixOf + "tokens") instanceof Number n ? n.intValue() : null;
      values[i++] = of.get(prefixOf + "log_prob") instanceof Number n ? n.doubleValue() : null;
      values[i++] = stratum;
      if (along) {
        values[i] = row.getAs(Columns.ALONG);
      }
      return RowFactory.create(values);
    }

    private String status(Map<String, Object> values, String error) {
      if (values.get(prefix + "status") instanceof String status && error == null) {
        return status;
      }
      return error != null
          ? "error"
          : Boolean.FALSE.equals(values.get(prefix + "satisfied")) ? "unsatisfied" : "ok";
    }

    private String stratum(Map<String, Object> values) {
      if (!stratify.isEmpty()) {
        return String.valueOf(values.get(stratify));
      }
      if (values.get(concepts) instanceof List<?> words) {
        return "%d constraints".formatted(words.size());
      }
      if (values.get(prefix + "constraint_scores") instanceof Map<?, ?> scores) {
        return "%d constraints".formatted(scores.size());
      }
      return "";
    }
  }
}
