package io.foresight.spark;

import io.foresight.decoding.Counters;
import io.foresight.decoding.RowFault;
import io.foresight.engine.Judge;
import io.foresight.engine.JudgingSettings;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.Rows;
import io.foresight.spark.run.RowsFunction;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;

/** Says on the executor how probable a partition's texts are to a model, one row per row. */
final class JudgeUdf implements RowsFunction {

  private static final long serialVersionUID = 1;

  private final JudgingSettings settings;
  private final RunModels models;
  private final int columns;
  private final RowListener listener;

  /**
   * @param models how executors get at the judge
   * @param columns how many of the rows' columns are the input's own; the output has those
   */
  JudgeUdf(JudgingSettings settings, RunModels models, int columns, RowListener listener) {
    this.settings = settings;
    this.models = models;
    this.columns = columns;
    this.listener = listener;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    SparkTask task = SparkTask.current(settings.device());
    Judge judge =
        LostDevice.watched(() -> settings.judge(Path.of(models.folder(settings.model())), task));
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) done -> judge.close());
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public Row next() {
        task.check();
        Row row = rows.next();
        Row judged = LostDevice.watched(() -> judged(judge, row));
        listener.done(Counters.ZERO);
        return judged;
      }
    };
  }

  private Row judged(Judge judge, Row row) {
    try {
      String unreadable = HiddenColumns.inputError(row);
      if (unreadable != null) {
        throw new RowFault(RowFault.Kind.INPUT, unreadable);
      }
      Map<String, Object> values = Rows.values(row);
      if (!(values.get(settings.textColumn()) instanceof String text)) {
        return Rows.append(row, columns, null, null, null, null);
      }
      boolean ended =
          settings.statusColumn() == null
              || !"truncated".equals(values.get(settings.statusColumn()));
      Judge.Verdict verdict = judge.of(settings.prompt(), values, text, ended);
      return Rows.append(row, columns, verdict.tokens(), verdict.logProb(), null, null);
    } catch (RowFault e) {
      return failed(row, e.kind(), RowFault.reason(e));
    }
  }

  @Override
  public Row failed(Row row, RowFault.Kind kind, String message) {
    return Rows.append(row, columns, null, null, message, kind.spelling());
  }
}
