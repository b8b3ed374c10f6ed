package io.foresight.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** A run's figures, from its written output. Immutable. */
record Summary(ObjectNode json) {

  private static final String SQL =
      "count(*) as rows,"
          + "count_if(status = 'ok') as ok,"
          + "count_if(status = 'unsatisfied') as unsatisfied,"
          + "count_if(status = 'truncated') as truncated,"
          + "count_if(status = 'error') as error,"
          + "count_if(satisfied) as satisfied,"
          + "avg(reward) as mean_reward,"
          // Over decoded rows: a concept per entry of the map.
          + "avg(if(output is null, null, if(size(constraint_scores) = 0, 1D, aggregate(map_values(constraint_scores), 0D,"
          + " (a, s) -> a + s) / size(constraint_scores)))) as soft_coverage,"
          + "avg(if(output is null, null, if(satisfied, 1D, 0D))) as hard_coverage,"
          + "avg(tokens) as mean_tokens,"
          + "exp(-sum(log_prob) / sum(tokens)) as perplexity,"
          + "coalesce(sum(tokens), 0L) as tokens,"
          + "sum(counters.target_forwards) / sum(tokens) as target_forwards_per_token,"
          + "sum(counters.target_positions) / sum(tokens) as target_positions_per_token,"
          + "sum(counters.draft_forwards) / sum(tokens) as draft_forwards_per_token,"
          + "sum(counters.accepted) / nullif(sum(counters.drafted), 0) as acceptance_rate,"
          + "avg(if(status in ('ok', 'unsatisfied'), 1D, 0D)) as ended_by_eos,"
          + "sum(counters.draft_positions) as draft_positions,"
          + "sum(counters.s1) as s1, sum(counters.s2) as s2, sum(counters.s3) as s3, sum(counters.s4) as s4";

  static Summary of(Dataset<Row> written, double seconds) {
    Row row = written.selectExpr(splitColumns()).head();
    ObjectNode json = new ObjectMapper().createObjectNode();
    String[] names = row.schema().fieldNames();
    for (int i = 0; i < names.length; i++) {
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

  /** Whether a strategy with a draft drafted nothing, though rows were decoded. */
  boolean draftedNothing(boolean usesDraft) {
    return usesDraft
        && json.get("tokens").asLong() > 0
        && json.get("draft_positions").asLong() == 0;
  }

  String table() {
    StringBuilder table = new StringBuilder();
    json.fields()
        .forEachRemaining(
            field -> {
              String value =
                  field.getValue().isDouble()
                      ? "%.4f".formatted(field.getValue().doubleValue())
                      : field.getValue().asText();
              table.append("%-28s %s%n".formatted(field.getKey().replace('_', ' '), value));
            });
    return table.toString();
  }
}
