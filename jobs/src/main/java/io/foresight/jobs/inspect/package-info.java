/** The jobs that say what a model is, and whether a strategy keeps what it claims. */
package io.foresight.jobs.inspect;
