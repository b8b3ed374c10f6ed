/**
 * The jobs that submit.sh starts, one room each, and {@link io.foresight.jobs.Main}, which knows
 * them all.
 */
package io.foresight.jobs;
