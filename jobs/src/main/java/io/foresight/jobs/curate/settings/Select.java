package io.foresight.jobs.curate.settings;

/** Which rows of a prompt are kept. */
public enum Select {
  /** The best; all for preference pairs. */
  AUTO,
  /** Those with the highest rewards. */
  BEST,
  /** Those with a reward of at least a threshold. */
  ABOVE,
  /** Those that differ most. */
  DIVERSE,
  /** All. */
  ALL
}
