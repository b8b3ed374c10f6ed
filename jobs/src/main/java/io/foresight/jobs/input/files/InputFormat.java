package io.foresight.jobs.input.files;

import java.util.Locale;

/** How the input lies in its files. */
public enum InputFormat {
  /** As names tell. */
  AUTO,
  /** One JSON object per line. */
  JSONL,
  PARQUET,
  /** With a header. */
  CSV;

  /** The format that the name of a file tells; AUTO if it tells none. */
  static InputFormat of(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    String bare = lower.substring(0, lower.length() - Compression.of(name).suffix().length());
    if (bare.endsWith(".jsonl") || bare.endsWith(".ndjson") || bare.endsWith(".json")) {
      return JSONL;
    }
    if (bare.endsWith(".csv")) {
      return CSV;
    }
    // Parquet compresses inside; part.gz.parquet is no compressed file.
    return lower.endsWith(".parquet") ? PARQUET : AUTO;
  }

  /** As settings spell it. */
  public String spelling() {
    return name().toLowerCase(Locale.ROOT);
  }
}
