/**
 * What a job's process is: its Spark session, its signals, exit codes and messages, its progress.
 */
package io.foresight.jobs.process;
