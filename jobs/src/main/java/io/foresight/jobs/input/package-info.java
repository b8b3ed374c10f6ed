/** Rows of files as datasets. */
package io.foresight.jobs.input;
