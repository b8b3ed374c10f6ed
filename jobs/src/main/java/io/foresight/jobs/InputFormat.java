package io.foresight.jobs;

import java.io.IOException;
import java.util.Locale;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/** How the input lies in its files. */
enum InputFormat {
  /** As names tell. */
  AUTO,
  /** One JSON object per line. */
  JSONL,
  PARQUET,
  /** With a header. */
  CSV;

  /**
   * The format that the name of a path tells, or else that of the first file below it whose name
   * does; Parquet if none does.
   */
  static InputFormat of(FileSystem files, Path path) throws IOException {
    InputFormat format = named(path);
    if (format == AUTO) {
      RemoteIterator<LocatedFileStatus> below = files.listFiles(path, true);
      while (format == AUTO && below.hasNext()) {
        Path file = below.next().getPath();
        // Spark does not read these as data either; _a=1 is a partition.
        if (!path.toUri()
            .relativize(file.toUri())
            .toString()
            .matches("(.*/)?(\\.|_[^=/]*(/|$)).*")) {
          format = named(file);
        }
      }
    }
    return format == AUTO ? PARQUET : format;
  }

  private static InputFormat named(Path path) {
    // Only in lower case is a compressed file known as one.
    String name = path.getName().replaceFirst("\\.(gz|bz2|zst|lz4)$", "").toLowerCase(Locale.ROOT);
    if (name.endsWith(".jsonl") || name.endsWith(".json")) {
      return JSONL;
    }
    if (name.endsWith(".csv")) {
      return CSV;
    }
    return name.endsWith(".parquet") ? PARQUET : AUTO;
  }
}
