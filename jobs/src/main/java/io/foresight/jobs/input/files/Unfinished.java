package io.foresight.jobs.input.files;

/** What becomes of an input that a run is writing, or has left off writing. */
public enum Unfinished {
  /** The run does not start. */
  REFUSE,
  /** What is there is read. */
  READ
}
