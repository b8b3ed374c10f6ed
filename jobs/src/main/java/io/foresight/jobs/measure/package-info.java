/**
 * What a report says of a run, computed from the rows that the run wrote, wherever they lie: the
 * driver gets sums and a bounded number of texts.
 */
package io.foresight.jobs.measure;
