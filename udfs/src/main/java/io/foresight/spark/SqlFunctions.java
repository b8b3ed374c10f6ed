package io.foresight.spark;

import io.foresight.engine.EngineSettings;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.CreateNamedStruct;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.ScalaUDF;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.unsafe.types.UTF8String;
import scala.Option;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.runtime.AbstractFunction1;
import scala.runtime.AbstractFunction2;

/** Registers rewards as functions of SQL. */
final class SqlFunctions {

  private static final String EXAMPLE = "examples/harmlessness";

  private SqlFunctions() {}

  /** Those that need no settings, and that of the embedded classifier where it is there. */
  static void register(SparkSession spark) {
    Settings settings = Settings.defaults();
    register(
        spark,
        settings,
        "keyword_coverage",
        RewardSpec.of(
            "concepts", Map.of("type", "keyword-coverage", "concepts-column", "concepts")),
        "concepts");
    register(
        spark,
        settings,
        "forbidden_words",
        RewardSpec.of("words", Map.of("type", "forbidden-words", "words-column", "words")),
        "words");
    register(
        spark,
        settings,
        "json_conformity",
        RewardSpec.of("schema", Map.of("type", "json-schema", "schema-column", "schema")),
        "schema");
    Path model = Path.of(home()).resolve(EXAMPLE);
    if (Files.isDirectory(model)) {
      Map<String, Object> harmless = new LinkedHashMap<>();
      harmless.put("type", "classifier");
      harmless.put("model", model.toAbsolutePath().toString());
      harmless.put("label", "harmless");
      register(spark, settings, "harmless_score", RewardSpec.of("harmless", harmless), null);
    }
  }

  private static String home() {
    String given = System.getenv("FORESIGHT_HOME");
    return given == null ? Settings.defaults().get(EngineSettings.HOME) : given;
  }

  /** Those, and one of each reward that settings use: its name and {@code _score}. */
  static void register(SparkSession spark, Settings settings) {
    register(spark);
    for (RewardSpec.Named named : GenerationSettings.of(settings).rewards().rewards()) {
      register(
          spark,
          settings,
          named.name().replace('-', '_') + "_score",
          RewardSpec.of(named.name(), named.settings()),
          null);
    }
  }

  /**
   * Registers a function.
   *
   * @param column what the second argument is to the reward; {@code null}: a structure of the
   *     columns that the reward reads, which may be left out
   */
  private static void register(
      SparkSession spark, Settings settings, String name, RewardSpec reward, String column) {
    RunModels models =
        RunModels.locate(
            spark.sparkContext(),
            StoredModels.of(new ScoringSettings(settings, "text", reward)),
            reward.models());
    ScoreFunction function = new ScoreFunction(settings, reward, models);
    spark
        .sessionState()
        .functionRegistry()
        .createOrReplaceTempFunction(
            name,
            new AbstractFunction1<Seq<Expression>, Expression>() {
              @Override
              public Expression apply(Seq<Expression> arguments) {
                return call(name, function, column, JavaConverters.seqAsJavaList(arguments));
              }
            },
            "scala_udf");
    batch(spark);
  }

  private static Expression call(
      String name, ScoreFunction function, String column, List<Expression> arguments) {
    int most = 2;
    if (arguments.isEmpty()
        || arguments.size() > most
        || (column != null && arguments.size() < most)) {
      throw new IllegalArgumentException(
          "Cannot call %s with %d arguments: give a text%s."
              .formatted(
                  name,
                  arguments.size(),
                  column == null
                      ? ", and a struct of the columns that the reward reads, if it reads any"
                      : " and its " + column));
    }
    List<Expression> children = arguments;
    if (column != null) {
      Expression named =
          new CreateNamedStruct(
              seq(
                  List.of(
                      new Literal(UTF8String.fromString(column), DataTypes.StringType),
                      arguments.get(1))));
      children = List.of(arguments.get(0), named);
    }
    Object called = children.size() == 1 ? new OfText(function) : new OfRow(function);
    return new ScalaUDF(
        called,
        DataTypes.DoubleType,
        seq(children),
        seq(List.of()),
        Option.empty(),
        Option.apply(name),
        true,
        true);
  }

  static <T> Seq<T> seq(List<T> list) {
    return JavaConverters.asScalaBuffer(list).toList();
  }

  /** Lets calls that ask a model do so for many rows at a time; once per session. */
  private static void batch(SparkSession spark) {
    Seq<Rule<LogicalPlan>> rules = spark.experimental().extraOptimizations();
    List<Rule<LogicalPlan>> all = new java.util.ArrayList<>(JavaConverters.seqAsJavaList(rules));
    if (all.stream().noneMatch(BatchedScores.class::isInstance)) {
      all.add(new BatchedScores(spark));
      spark.experimental().extraOptimizations_$eq(seq(all));
    }
  }

  /** What a call holds, by which it is known again. */
  interface Call {

    ScoreFunction function();
  }

  /** Of a text alone. */
  private static final class OfText extends AbstractFunction1<Object, Object>
      implements Call, java.io.Serializable {

    private static final long serialVersionUID = 1;
    private final ScoreFunction function;

    OfText(ScoreFunction function) {
      this.function = function;
    }

    @Override
    public ScoreFunction function() {
      return function;
    }

    @Override
    public Object apply(Object text) {
      return function.score((String) text, null);
    }
  }

  /** Of a text and a structure of columns. */
  private static final class OfRow extends AbstractFunction2<Object, Object, Object>
      implements Call, java.io.Serializable {

    private static final long serialVersionUID = 1;
    private final ScoreFunction function;

    OfRow(ScoreFunction function) {
      this.function = function;
    }

    @Override
    public ScoreFunction function() {
      return function;
    }

    @Override
    public Object apply(Object text, Object columns) {
      return function.score((String) text, (org.apache.spark.sql.Row) columns);
    }
  }
}
