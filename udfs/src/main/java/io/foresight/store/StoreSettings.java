package io.foresight.store;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Where copies of remote models lie on every host, and what models are expected to be. Immutable.
 *
 * @param folder an absolute path on a local disk; empty for a folder of the user's in the JVM's
 *     temporary folder
 * @param bytes that all copies may take together; above 0
 * @param digests SHA-256 of configuration and weights, in hexadecimal, that a model must have, by
 *     its location as settings give it; models that are not named may be any
 */
public record StoreSettings(String folder, long bytes, Map<String, String> digests)
    implements Serializable {

  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

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
    digests = new TreeMap<>(digests);
  }

  /** Where copies lie; any model is taken. */
  public StoreSettings(String folder, long bytes) {
    this(folder, bytes, Map.of());
  }

  /**
   * The same, with further models that must have a digest.
   *
   * @throws IllegalArgumentException if a model must have another one already
   */
  public StoreSettings withDigests(Map<String, String> further) {
    Map<String, String> all = new TreeMap<>(digests);
    further.forEach(
        (model, digest) -> {
          String other = all.putIfAbsent(model, digest);
          if (other != null && !other.equals(digest)) {
            throw new IllegalArgumentException(
                "Cannot check model %s: its digest is to be both %s and %s. Give it one."
                    .formatted(Secrets.hidden(model), other, digest));
          }
        });
    return new StoreSettings(folder, bytes, all);
  }

  /** Whether a text can be a digest. */
  public static boolean isDigest(String text) {
    return DIGEST.matcher(text).matches();
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
