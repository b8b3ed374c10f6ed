/** What the machine can do, beside what the benchmark gets of it. */
package io.foresight.jobs.benchmark.machine;
