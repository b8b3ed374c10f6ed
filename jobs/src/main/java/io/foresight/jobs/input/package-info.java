/**
 * Reads prompts and texts: files into rows, each of which is what the settings expect or says why
 * it is not. One row per line, record or Parquet row, always.
 */
package io.foresight.jobs.input;
