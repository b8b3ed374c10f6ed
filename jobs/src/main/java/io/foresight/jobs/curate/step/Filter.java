package io.foresight.jobs.curate.step;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.exp;
import static org.apache.spark.sql.functions.format_number;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import io.foresight.jobs.curate.settings.CurationSettings;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;

/** Drops rows that are not wanted for what they are, whatever the others are. */
public final class Filter {

  /** Perplexity of a text to the target that generated it. */
  public static final Column PERPLEXITY =
      when(col("tokens").gt(0), exp(col("log_prob").multiply(-1).divide(col("tokens"))));

  private record Rule(String name, Column drops, Column detail) {}

  private Filter() {}

  /** The rows, decided by the first rule that drops them. */
  public static Dataset<Row> of(Dataset<Row> rows, Settings settings) {
    List<String> statuses = CurationSettings.statuses(settings);
    List<Rule> rules = new ArrayList<>();
    rules.add(
        new Rule(
            "status",
            col("status").isNull().or(col("status").isin(statuses.toArray()).equalTo(false)),
            concat(
                col("status"),
                when(col("error").isNotNull(), concat(lit(": "), col("error"))).otherwise(""))));
    rules.add(new Rule("no text", col(Columns.TEXT).isNull(), lit("")));
    rules.add(
        new Rule(
            "no prompt",
            col(Columns.KEY).isNull(),
            when(col("error").isNotNull(), col("error")).otherwise("")));
    double least = settings.get(CurationSettings.MIN_REWARD);
    if (!Double.isNaN(least)) {
      rules.add(
          new Rule(
              "reward",
              col(Columns.REWARD).isNull().or(col(Columns.REWARD).lt(least)),
              when(col(Columns.REWARD).isNull(), lit("none"))
                  .otherwise(concat(number(col(Columns.REWARD)), lit(" is below " + least)))));
    }
    atLeast(rules, Columns.WORDS, settings.get(CurationSettings.MIN_WORDS));
    atMost(rules, Columns.WORDS, settings.get(CurationSettings.MAX_WORDS));
    atLeast(rules, "tokens", settings.get(CurationSettings.MIN_TOKENS));
    atMost(rules, "tokens", settings.get(CurationSettings.MAX_TOKENS));
    double highest = settings.get(CurationSettings.MAX_PERPLEXITY);
    if (highest < Double.POSITIVE_INFINITY) {
      rules.add(
          new Rule(
              "perplexity",
              PERPLEXITY.gt(highest),
              concat(number(PERPLEXITY), lit(" is above " + highest))));
    }
    List<String> languages = Languages.codes(settings.get(CurationSettings.LANGUAGES));
    Dataset<Row> judged = rows;
    if (!languages.isEmpty()) {
      double confidence = settings.get(CurationSettings.LANGUAGE_CONFIDENCE);
      UDF1<String, Row> other = text -> Languages.other(text, languages, confidence);
      // Only of what nothing else drops: it takes more time than all the rest.
      Column passed = any(rules).equalTo(false);
      judged =
          rows.withColumn(
              "_language",
              when(passed, udf(other, Languages.OTHER).apply(col(Columns.TEXT)))
                  .otherwise(lit(null)));
      rules.add(
          new Rule(
              "language",
              col("_language.code").isNotNull(),
              concat(
                  col("_language.code"),
                  lit(", confidence "),
                  number(col("_language.confidence")))));
    }
    Column reason = lit(null).cast(DataTypes.StringType);
    Column detail = lit(null).cast(DataTypes.StringType);
    for (int i = rules.size() - 1; i >= 0; i--) {
      Rule rule = rules.get(i);
      reason = when(rule.drops(), lit(rule.name())).otherwise(reason);
      detail = when(rule.drops(), rule.detail()).otherwise(detail);
    }
    Dataset<Row> decided =
        judged.withColumn("_decided", struct(reason.as("reason"), detail.as("detail")));
    return Columns.decided(decided, col("_decided.reason"), col("_decided.detail"))
        .drop("_decided", "_language");
  }

  private static Column any(List<Rule> rules) {
    Column any = lit(false);
    for (Rule rule : rules) {
      any = any.or(org.apache.spark.sql.functions.coalesce(rule.drops(), lit(false)));
    }
    return any;
  }

  private static Column number(Column value) {
    return format_number(value, 3);
  }

  private static void atLeast(List<Rule> rules, String what, int least) {
    if (least > 0) {
      rules.add(
          new Rule(
              what,
              col(what).lt(least),
              concat(col(what).cast("string"), lit(" are fewer than " + least))));
    }
  }

  private static void atMost(List<Rule> rules, String what, int most) {
    if (most > 0) {
      rules.add(
          new Rule(
              what,
              col(what).gt(most),
              concat(col(what).cast("string"), lit(" are more than " + most))));
    }
  }
}
