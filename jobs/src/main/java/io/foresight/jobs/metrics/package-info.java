/**
 * What texts are measured by, and how sure a figure is: definitions of metrics, intervals and
 * tests. Knows no Spark.
 */
package io.foresight.jobs.metrics;
