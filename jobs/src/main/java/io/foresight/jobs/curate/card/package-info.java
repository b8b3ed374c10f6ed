/** The card of a curated data set: counts, reasons, histograms and examples of each step. */
package io.foresight.jobs.curate.card;
