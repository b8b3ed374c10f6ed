/** The job that scores texts that exist. */
package io.foresight.jobs.score;
