/** What is chosen of generated rows, and in which form it is written: the settings of curate. */
package io.foresight.jobs.curate.settings;
