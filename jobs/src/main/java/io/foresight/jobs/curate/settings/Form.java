package io.foresight.jobs.curate.settings;

/** In which form rows are written, by the column names of Hugging Face's TRL. */
public enum Form {
  /** {@code prompt} and {@code completion}. */
  SFT,
  /** {@code messages}. */
  CHAT,
  /** {@code prompt}, {@code chosen} and {@code rejected}. */
  PREFERENCE
}
