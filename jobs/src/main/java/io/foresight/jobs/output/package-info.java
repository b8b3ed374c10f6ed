/** What jobs that write rows have in common: the run's folder and identity, figures, summaries. */
package io.foresight.jobs.output;
