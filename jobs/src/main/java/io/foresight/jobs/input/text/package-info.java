/** Rows of JSONL and CSV. */
package io.foresight.jobs.input.text;
