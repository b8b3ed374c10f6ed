/** The job that measures strategies beside each other. No other room depends on it. */
package io.foresight.jobs.benchmark;
