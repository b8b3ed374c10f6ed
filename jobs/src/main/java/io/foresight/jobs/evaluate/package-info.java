/** The job that compares variants on data sets: runs of each, measured and tested. */
package io.foresight.jobs.evaluate;
