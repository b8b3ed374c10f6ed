package io.foresight.jobs.output;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.reward.RewardSpec;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/** A run's figures, from its written output. Immutable. */
public record Summary(ObjectNode json) {

  private static final String SQL =
      "count(*) as rows,"
          + "count_if(status = 'ok') as ok,"
          + "count_if(status = 'unsatisfied') as unsatisfied,"
          + "count_if(status = 'truncated') as truncated,"
          + "count_if(status = 'error') as error,"
          + "count_if(status = 'truncated' and satisfied) as satisfied_truncated,"
          + "avg(tokens) as mean_tokens,"
          + "exp(-sum(log_prob) / sum(tokens)) as perplexity,"
          + "coalesce(sum(tokens), 0L) as tokens,"
          + "sum(counters.target_forwards) / sum(tokens) as target_forwards_per_token,"
          + "sum(counters.target_positions) / sum(tokens) as target_positions_per_token,"
          + "sum(counters.draft_forwards) / sum(tokens) as draft_forwards_per_token,"
          + "sum(counters.accepted) / nullif(sum(counters.drafted), 0) as acceptance_rate,"
          + "sum(counters.beyond_draft_context) / sum(tokens) as beyond_draft_context,"
          + "avg(if(status in ('ok', 'unsatisfied'), 1D, 0D)) as ended_by_eos,"
          + "sum(counters.target_forwards) as target_forwards,"
          + "sum(counters.draft_forwards) as draft_forwards,"
          + "sum(counters.draft_positions) as draft_positions,"
          + "sum(counters.drafted) as drafted,"
          + "sum(counters.s1) as s1, sum(counters.s2) as s2, sum(counters.s3) as s3, sum(counters.s4) as s4";

  /**
   * What is to be aggregated of a run's rows.
   *
   * @param rewards the run's
   */
  public static List<Column> columns(RewardSpec rewards) {
    List<Column> columns = new ArrayList<>(RewardFigures.columns(rewards));
    for (String column : splitColumns()) {
      columns.add(functions.expr(column));
    }
    return columns;
  }

  /**
   * Reads the figures.
   *
   * @param row the {@link #columns}
   * @param rewards the run's
   */
  public static Summary of(Row row, RewardSpec rewards, double seconds) {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.setAll(RewardFigures.of(row, rewards));
    String[] names = row.schema().fieldNames();
    for (int i = RewardFigures.columns(rewards).size(); i < names.length; i++) {
      Object value = row.get(i);
      if (value instanceof Long number) {
        json.put(names[i], number);
      } else {
        json.put(names[i], (Double) value);
      }
    }
    json.put("seconds", seconds);
    json.put("tokens_per_second", json.get("tokens").asLong() / seconds);
    return new Summary(json);
  }

  private static String[] splitColumns() {
    // A column ends where its alias does, so commas inside expressions stay.
    return SQL.split("(?<= as [a-z_0-9]{1,40}),");
  }

  /** Whether there were rows, and none could be decoded. */
  public boolean allFailed() {
    return number("rows") > 0 && number("error") == number("rows");
  }

  /** Whether tokens were generated and none drafted. */
  public boolean draftedNothing() {
    return number("tokens") > 0 && number("draft_positions") == 0;
  }

  /** A figure; NaN if there is none. */
  public double number(String name) {
    return json.get(name).asDouble(Double.NaN);
  }

  /** What a user looks at first; the rest is in {@code run.json}. */
  public String table() {
    double steps = number("s1") + number("s2") + number("s3") + number("s4");
    StringBuilder table = new StringBuilder();
    line(
        table,
        "rows",
        "%.0f: %.0f ok, %.0f unsatisfied, %.0f truncated, %.0f error%s"
            .formatted(
                number("rows"),
                number("ok"),
                number("unsatisfied"),
                number("truncated"),
                number("error"),
                RewardFigures.notJudged(json)));
    table.append(RewardFigures.table(json));
    boolean generated = number("tokens") > 0;
    if (generated) {
      line(table, "perplexity", "%.2f".formatted(number("perplexity")));
    }
    line(
        table,
        "tokens",
        "%.0f in %.1f s, %.1f per second"
            .formatted(number("tokens"), number("seconds"), number("tokens_per_second")));
    if (generated) {
      line(
          table,
          "per token",
          "%.2f target forwards, %.1f target positions, %.2f draft forwards"
              .formatted(
                  number("target_forwards_per_token"),
                  number("target_positions_per_token"),
                  number("draft_forwards_per_token")));
    }
    if (!json.get("acceptance_rate").isNull()) {
      line(table, "acceptance rate", "%.1f %%".formatted(100 * number("acceptance_rate")));
    }
    if (number("beyond_draft_context") > 0) {
      line(
          table,
          "beyond draft",
          "%.1f %% of the tokens follow a text that is longer than the draft's context"
              .formatted(100 * number("beyond_draft_context")));
    }
    if (steps > 0) {
      line(
          table,
          "steps",
          "S1 %.0f %%, S2 %.0f %%, S3 %.0f %%, S4 %.0f %%"
              .formatted(
                  100 * number("s1") / steps,
                  100 * number("s2") / steps,
                  100 * number("s3") / steps,
                  100 * number("s4") / steps));
    }
    return table.toString();
  }

  public static void line(StringBuilder table, String name, String value) {
    table.append("%-17s%s%n".formatted(name, value));
  }
}
