package io.foresight.spark;

import java.io.Serializable;
import java.nio.file.Path;

/**
 * Where copies of remote models lie on every host. Immutable.
 *
 * @param folder an absolute path on a local disk; empty for a folder of the user's in the JVM's
 *     temporary folder
 * @param bytes that all copies may take together; above 0
 */
public record StoreSettings(String folder, long bytes) implements Serializable {

  /**
   * Checks.
   *
   * @throws IllegalArgumentException if the folder is relative, since processes of a host have
   *     different working folders, or the size is not above 0
   */
  public StoreSettings {
    if (!folder.isEmpty() && !Path.of(folder).isAbsolute()) {
      throw new IllegalArgumentException(
          "it must be an absolute path. Executors start in folders of their own.");
    }
    if (bytes <= 0) {
      throw new IllegalArgumentException("its size must be above 0.");
    }
  }

  /** The defaults: the temporary folder, 100 GiB. */
  public static StoreSettings defaults() {
    return new StoreSettings("", 100L << 30);
  }

  /** The folder on this host, also where {@code submit.sh} gives each process its own. */
  Path path() {
    return folder.isEmpty()
        ? Path.of(
            System.getProperty("foresight.host.folder", System.getProperty("java.io.tmpdir")),
            "foresight-models-" + System.getProperty("user.name"))
        : Path.of(folder);
  }
}
