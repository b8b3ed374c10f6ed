/**
 * What a report of one run or of several says, and the page and the text that say it. Reads no rows
 * itself.
 */
package io.foresight.jobs.report;
