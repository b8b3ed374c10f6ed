/** The jobs that make the example models. No other room depends on them. */
package io.foresight.jobs.train;
