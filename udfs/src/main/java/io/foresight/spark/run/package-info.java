/**
 * How any job's rows are cut into shards, committed, resumed and published.
 *
 * <p>A new job that writes a row per row calls {@link io.foresight.spark.run.Run}; a new sink is a
 * {@code RowFiles}.
 */
package io.foresight.spark.run;
