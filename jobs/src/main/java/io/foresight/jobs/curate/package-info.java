/**
 * The job that makes data sets of generated rows. Its rooms: settings, source (the rows of runs),
 * step (what is kept of them), card (what is told of it).
 */
package io.foresight.jobs.curate;
