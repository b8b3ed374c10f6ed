package io.foresight.jobs.input.files;

/** What becomes of a row that cannot be read as the settings expect it. */
public enum Malformed {
  /** An error row, which says why. */
  ROW,
  /** The end of the run, which says why. */
  FAIL
}
