/** The runs whose rows are curated, and their rows in one shape. */
package io.foresight.jobs.curate.source;
