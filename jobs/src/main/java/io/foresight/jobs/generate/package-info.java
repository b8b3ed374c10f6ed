/** The job that generates, its dry run, and what it advises. */
package io.foresight.jobs.generate;
