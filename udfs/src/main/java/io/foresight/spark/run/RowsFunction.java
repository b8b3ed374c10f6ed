package io.foresight.spark.run;

import io.foresight.decoding.RowFault;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;

/** What a job does with rows on an executor: one output row per input row, in order. */
public interface RowsFunction extends MapPartitionsFunction<Row, Row> {

  /** The output row of one that could not be done, with its kind of fault and what to do. */
  Row failed(Row row, RowFault.Kind kind, String message);
}
