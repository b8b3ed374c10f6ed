/** What type a column is expected to have, and what types values have. */
package io.foresight.jobs.input.schema;
