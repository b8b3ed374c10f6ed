package io.foresight.jobs.input.files;

import java.io.Serializable;
import java.util.Map;
import org.apache.hadoop.fs.Path;

/**
 * A file of the input.
 *
 * @param path with scheme and authority
 * @param length in bytes
 * @param modified when it was written last, in milliseconds
 * @param partition columns that its folders' names give, as in {@code zip=01234}
 */
public record InputFile(String path, long length, long modified, Map<String, String> partition)
    implements Serializable {

  private static final long serialVersionUID = 1;

  public Path hadoop() {
    return new Path(path);
  }

  public String name() {
    return hadoop().getName();
  }

  /** The path, for messages: of the local file system without a scheme. */
  public String shown() {
    return Locations.shown(hadoop());
  }
}
