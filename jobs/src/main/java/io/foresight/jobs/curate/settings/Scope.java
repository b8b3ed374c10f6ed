package io.foresight.jobs.curate.settings;

/** Among which rows duplicates are looked for. */
public enum Scope {
  /** All. */
  ALL,
  /** Those of one prompt. */
  PROMPT,
  /** None. */
  OFF
}
