package io.foresight.spark;

import io.foresight.decoding.RowFault;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.Iterators;
import io.foresight.engine.prompt.Prompts;
import io.foresight.model.text.Tokenizer;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/** How long rows' prompts are, as the executors would build them; no model is loaded. */
public final class PromptLengths {

  /** Tokens of a row's prompt, BOS included; null if none can be built. */
  public static final String TOKENS = "_foresight_tokens";

  /** Why none can be built; null if one can, and of a row that could not be read. */
  public static final String REASON = "_foresight_reason";

  private PromptLengths() {}

  /**
   * The rows with {@link #TOKENS} and {@link #REASON} as their last columns. Lazy.
   *
   * @param input rows with the columns of the prompt
   */
  public static Dataset<Row> of(Dataset<Row> input, GenerationSettings settings) {
    StructType schema =
        input.schema().add(TOKENS, DataTypes.IntegerType).add(REASON, DataTypes.StringType);
    RunModels models =
        RunModels.locate(
            input.sparkSession().sparkContext(),
            StoredModels.of(settings),
            List.of(settings.targetModel()));
    int columns = input.schema().size();
    MapPartitionsFunction<Row, Row> measured =
        rows -> {
          if (!rows.hasNext()) {
            return Collections.emptyIterator();
          }
          Path folder = Path.of(models.folder(settings.targetModel()));
          Prompts prompts = Prompts.of(settings.prompt(), folder);
          Tokenizer tokenizer = Tokenizer.load(folder);
          TaskContext.get()
              .addTaskCompletionListener((TaskCompletionListener) done -> tokenizer.close());
          return Iterators.mapped(rows, row -> measured(row, columns, prompts, tokenizer));
        };
    return input.mapPartitions(measured, Encoders.row(schema));
  }

  private static Row measured(Row row, int columns, Prompts prompts, Tokenizer tokenizer) {
    if (HiddenColumns.inputError(row) != null) {
      return Rows.append(row, columns, null, null);
    }
    try {
      int tokens = prompts.ids(tokenizer, Rows.values(row)).length;
      return Rows.append(row, columns, tokens, null);
    } catch (IllegalArgumentException | RowFault e) {
      return Rows.append(row, columns, null, RowFault.reason(e));
    }
  }
}
