package io.foresight.spark;

import io.foresight.decoding.RowFault;
import io.foresight.engine.InputRow;
import io.foresight.engine.RowScorer;
import io.foresight.engine.RowScorer.Scored;
import io.foresight.engine.ScoringSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.TextScorer;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;

/**
 * One reward as a function of a text and of the columns that the reward reads. Made on the driver;
 * a task has a copy of its own.
 */
final class ScoreFunction implements Serializable {

  private static final long serialVersionUID = 1;

  /** The column in which the engine is given the text. */
  private static final String TEXT = "_foresight_text";

  private final String name;
  private final ScoringSettings settings;
  private final RunModels models;

  /** Loaded by the first row, and no state of the function: a copy loads them anew. */
  private transient Rewards rewards;

  /**
   * A reward's.
   *
   * @param reward it alone
   * @param models how executors get at its model
   */
  ScoreFunction(Settings settings, RewardSpec reward, RunModels models) {
    this.name = reward.names().get(0);
    this.settings = new ScoringSettings(settings, TEXT, reward);
    this.models = models;
  }

  /** Whether it asks a model, so that many texts at a time take less than one after the other. */
  boolean asksModel() {
    return !settings.rewards().models().isEmpty();
  }

  private static Map<String, Object> row(String text, Row columns) {
    Map<String, Object> row = new HashMap<>(columns == null ? Map.of() : Rows.values(columns));
    row.put(TEXT, text);
    return row;
  }

  /** What a text gets; {@code null} of one that is null, or that the reward cannot judge. */
  synchronized Double score(String text, Row columns) {
    if (text == null) {
      return null;
    }
    if (asksModel()) {
      InputRow one = new InputRow("", row(text, columns));
      try (RowScorer scorer = scorer()) {
        return score(scorer.score(List.of(one).iterator()).next());
      }
    }
    if (rewards == null) {
      rewards = Rewards.openHere(settings.rewards(), TextScorer.Source.ELSEWHERE);
      if (TaskContext.get() != null) {
        Rewards opened = rewards;
        TaskContext.get()
            .addTaskCompletionListener((TaskCompletionListener) done -> opened.close());
      }
    }
    try {
      return rewards.forRow(row(text, columns)).outcome(text).scores().get(name);
    } catch (RowFault e) {
      // As in a job's rows, where such a one has no scores.
      return null;
    }
  }

  /**
   * The same of a partition's rows, which share the model's forwards.
   *
   * @param rows the last but one column of which is the text, and the last the columns, or null
   * @return the values of each row, then its score instead of those two
   */
  Iterator<Row> scores(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return rows;
    }
    RowScorer scorer = scorer();
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) done -> scorer.close());
    return Rows.scored(
        rows,
        row -> {
          int size = row.size();
          return new InputRow("", row(row.getString(size - 2), row.getStruct(size - 1)));
        },
        input -> LostDevice.watched(scorer.score(input)),
        (row, scored) -> Rows.append(row, row.size() - 2, score(scored)));
  }

  private RowScorer scorer() {
    return LostDevice.watched(
        () ->
            new RowScorer(
                settings.withModels(models::folder), SparkTask.current(settings.device())));
  }

  private Double score(Scored scored) {
    return scored.outcome() == null ? null : scored.outcome().scores().get(name);
  }
}
