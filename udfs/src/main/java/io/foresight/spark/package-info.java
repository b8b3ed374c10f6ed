/**
 * The engine as Spark's users meet it: generation and scoring of datasets, and what executors and
 * driver need for that.
 */
package io.foresight.spark;
