package io.foresight.spark.run;

import java.io.IOException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Paths as their file system resolves them, so that two names of one place are the same. */
public final class ResolvedPath {

  private ResolvedPath() {}

  /**
   * The path without links, with scheme and authority; of one that is not there, as far as it is.
   *
   * @throws IOException if the file system cannot be reached
   */
  public static Path of(FileSystem files, Path path) throws IOException {
    Path qualified = files.makeQualified(path);
    Path existing = nearest(files, qualified);
    Path real =
        "file".equals(existing.toUri().getScheme())
            ? files.makeQualified(
                new Path(java.nio.file.Path.of(existing.toUri().getPath()).toRealPath().toString()))
            : files.resolvePath(existing);
    String below = existing.toUri().relativize(qualified.toUri()).getPath();
    return below.isEmpty() || existing.equals(qualified) ? real : new Path(real, below);
  }

  /** The path, or its nearest ancestor that is there. */
  static Path nearest(FileSystem files, Path path) throws IOException {
    Path there = path;
    while (there.getParent() != null && !files.exists(there)) {
      there = there.getParent();
    }
    return there;
  }
}
