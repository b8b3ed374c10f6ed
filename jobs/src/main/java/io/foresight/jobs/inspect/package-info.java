/** The job that says what a model is. */
package io.foresight.jobs.inspect;
