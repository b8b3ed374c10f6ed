package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.when;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.jobs.curate.settings.Form;
import io.foresight.jobs.input.files.InputProblem;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.ColumnNames;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Rows in the forms that trainers read, by TRL's names. Of a prompt that is a text, a completion
 * begins with the blank that stood between them when it was generated; of one that is a chat, both
 * are messages.
 */
public final class Export {

  /** A row's own name, by which files are in order. */
  public static final String NAME = "_uid";

  /** The side that it is on. */
  public static final String SIDE = "_split";

  private Export() {}

  /**
   * The rows of a form, with {@link #NAME} and {@link #SIDE}.
   *
   * @throws io.foresight.spark.run.RunException of kind INPUT if some prompts are chats, some not
   */
  public static Dataset<Row> of(Dataset<Row> rows, Settings settings) {
    Form form = settings.get(CurationSettings.FORM);
    Row kinds = rows.agg(count(col("prompt")), count(col("messages"))).head();
    boolean chats = kinds.getLong(1) > 0;
    if (form != Form.CHAT && chats && kinds.getLong(0) > 0) {
      throw InputProblem.told(
          "Cannot write the rows: the prompts of some are chats, of others texts, which make no one column. Set curate.form = chat, or curate them apart.");
    }
    List<Column> columns = new ArrayList<>();
    Dataset<Row> from = form == Form.PREFERENCE ? Pairs.joined(rows) : rows;
    columns.add(
        (form == Form.PREFERENCE
                ? concat(col(Columns.UID), lit(" "), col("_place").cast("string"))
                : col(Columns.UID))
            .as(NAME));
    columns.add(col(Split.SIDE).as(SIDE));
    Column turns =
        org.apache.spark.sql.functions.coalesce(
            col("messages"), array(turn("user", col("prompt"))));
    switch (form) {
      case SFT -> {
        columns.add(chats ? col("messages").as("prompt") : col("prompt"));
        columns.add(answer(chats, col(Columns.TEXT)).as("completion"));
      }
      case CHAT ->
          columns.add(concat(turns, array(turn("assistant", col(Columns.TEXT)))).as("messages"));
      case PREFERENCE -> {
        columns.add(chats ? col("messages").as("prompt") : col("prompt"));
        columns.add(answer(chats, col(Columns.TEXT)).as("chosen"));
        columns.add(answer(chats, col("rejected_text")).as("rejected"));
        columns.add(col("score_chosen"));
        columns.add(col("score_rejected"));
        columns.add(col("margin"));
      }
    }
    List<String> along =
        Arrays.asList(from.columns()).contains(Columns.ALONG)
            ? Arrays.asList(
                ((StructType) from.schema().apply(Columns.ALONG).dataType()).fieldNames())
            : List.of();
    for (String name : settings.get(CurationSettings.COLUMNS)) {
      columns.add(
          along.contains(name)
              ? col(Columns.ALONG).getField(name).as(name)
              : ColumnNames.column(name));
    }
    return from.select(columns.toArray(Column[]::new));
  }

  private static Column turn(String role, Column content) {
    return struct(lit(role).as("role"), content.cast(DataTypes.StringType).as("content"));
  }

  private static Column answer(boolean chats, Column text) {
    return chats
        ? array(turn("assistant", text))
        : when(col("prompt").rlike("\\s$"), text).otherwise(concat(lit(" "), text));
  }
}
