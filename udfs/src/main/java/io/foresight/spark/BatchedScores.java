package io.foresight.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.ExprId;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression$;
import org.apache.spark.sql.catalyst.expressions.ScalaUDF;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.collection.JavaConverters;
import scala.runtime.AbstractPartialFunction;

/**
 * Spark calls a function row by row. This rule takes calls that ask a model out of projections,
 * filters and aggregations, and puts below these a step that scores the partition's texts many at a
 * time. Everywhere else, as in the condition of a join, a call stays what it is.
 */
final class BatchedScores extends Rule<LogicalPlan> {

  private final SparkSession spark;

  BatchedScores(SparkSession spark) {
    this.spark = spark;
  }

  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    if (plan.isStreaming()) {
      return plan;
    }
    return plan.transformUp(
        new AbstractPartialFunction<LogicalPlan, LogicalPlan>() {
          @Override
          public boolean isDefinedAt(LogicalPlan node) {
            return (node instanceof Project || node instanceof Filter || node instanceof Aggregate)
                && firstCall(node) != null;
          }

          @Override
          public LogicalPlan apply(LogicalPlan node) {
            LogicalPlan batched = node;
            for (ScalaUDF call = firstCall(node); call != null; call = firstCall(batched)) {
              batched = without(batched, call);
            }
            return node instanceof Filter ? new Project(named(node.output()), batched) : batched;
          }
        });
  }

  private static scala.collection.Seq<NamedExpression> named(
      scala.collection.Seq<Attribute> attributes) {
    return SqlFunctions.seq(new ArrayList<>(JavaConverters.seqAsJavaList(attributes)));
  }

  /** A call whose arguments hold no other one. */
  private static ScalaUDF firstCall(LogicalPlan node) {
    for (Expression expression : JavaConverters.seqAsJavaList(node.expressions().toSeq())) {
      ScalaUDF call = firstCall(expression);
      if (call != null) {
        return call;
      }
    }
    return null;
  }

  private static ScalaUDF firstCall(Expression expression) {
    for (Expression child : JavaConverters.seqAsJavaList(expression.children().toSeq())) {
      ScalaUDF call = firstCall(child);
      if (call != null) {
        return call;
      }
    }
    return expression instanceof ScalaUDF udf
            && udf.function() instanceof SqlFunctions.Call call
            && call.function().asksModel()
        ? udf
        : null;
  }

  /** The node above a step that has done the call. */
  private LogicalPlan without(LogicalPlan node, ScalaUDF call) {
    LogicalPlan child = node.children().head();
    List<Attribute> columns = JavaConverters.seqAsJavaList(child.output().toSeq());
    List<Expression> arguments = JavaConverters.seqAsJavaList(call.children().toSeq());
    List<NamedExpression> given = new ArrayList<>();
    // Columns of one name are told apart by their place.
    for (int i = 0; i < columns.size(); i++) {
      given.add(alias(columns.get(i), "_" + i, NamedExpression$.MODULE$.newExprId()));
    }
    given.add(alias(arguments.get(0), "_text", NamedExpression$.MODULE$.newExprId()));
    given.add(
        alias(
            arguments.size() > 1 ? arguments.get(1) : new Literal(null, new StructType()),
            "_columns",
            NamedExpression$.MODULE$.newExprId()));
    Dataset<Row> rows =
        org.apache.spark.sql.Dataset$.MODULE$.ofRows(
            spark, new Project(SqlFunctions.seq(given), child));
    StructType schema = new StructType();
    for (int i = 0; i < columns.size(); i++) {
      DataType type = columns.get(i).dataType();
      schema = schema.add("_" + i, type, columns.get(i).nullable());
    }
    schema = schema.add("_score", DataTypes.DoubleType);
    ScoreFunction function = ((SqlFunctions.Call) call.function()).function();
    MapPartitionsFunction<Row, Row> scores = function::scores;
    LogicalPlan scored =
        rows.mapPartitions(scores, Encoders.row(schema)).queryExecution().analyzed();
    List<Attribute> made = JavaConverters.seqAsJavaList(scored.output().toSeq());
    List<NamedExpression> kept = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      kept.add(alias(made.get(i), columns.get(i).name(), columns.get(i).exprId()));
    }
    Attribute score = made.get(columns.size());
    kept.add(score);
    LogicalPlan below = new Project(SqlFunctions.seq(kept), scored);
    LogicalPlan above =
        node.transformExpressions(
            new AbstractPartialFunction<Expression, Expression>() {
              @Override
              public boolean isDefinedAt(Expression expression) {
                return expression.semanticEquals(call);
              }

              @Override
              public Expression apply(Expression expression) {
                return score;
              }
            });
    return above.withNewChildren(SqlFunctions.seq(List.of(below)).toIndexedSeq());
  }

  private static Alias alias(Expression expression, String name, ExprId id) {
    return new Alias(
        expression,
        name,
        id,
        SqlFunctions.seq(List.of()),
        Option.<Metadata>empty(),
        SqlFunctions.seq(List.of()));
  }
}
