/**
 * Rows in, results out, in one process: models held and shared, memory planned, prompts built,
 * rewards served, faults sorted, time accounted. No Spark, no Hadoop: a test, a notebook or a
 * server can drive it, as docs/library.md does.
 */
package io.foresight.engine;
