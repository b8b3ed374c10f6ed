/**
 * The settings of jobs: the options that give them, what they are bound to, and the job that prints
 * them.
 */
package io.foresight.jobs.settings;
