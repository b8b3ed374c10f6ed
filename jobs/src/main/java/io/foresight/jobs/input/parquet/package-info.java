/** Rows of Parquet: footers, schemas that differ, damage. */
package io.foresight.jobs.input.parquet;
