package io.foresight.spark.run;

import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.SQLExecution;
import scala.runtime.AbstractFunction0;

/**
 * Spark jobs beside SQL that use its readers and writers, which look their settings up in tasks.
 */
final class Propagated {

  private Propagated() {}

  /** Does {@code work}, whose tasks see the session's settings of SQL. */
  static <T> T sql(SparkSession spark, Supplier<T> work) {
    return SQLExecution.withSQLConfPropagated(
        spark,
        new AbstractFunction0<T>() {
          @Override
          public T apply() {
            return work.get();
          }
        });
  }
}
