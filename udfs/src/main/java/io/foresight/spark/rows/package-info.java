/** Spark's rows and columns as the engine takes and gives them. */
package io.foresight.spark.rows;
