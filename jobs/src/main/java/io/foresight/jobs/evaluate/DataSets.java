package io.foresight.jobs.evaluate;

import io.foresight.settings.SettingsException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** The names of data sets and variants, and the folders that they stand for. */
final class DataSets {

  private static final Pattern EXTENSION =
      Pattern.compile(
          "(?i)\\.(jsonl|ndjson|json|csv|tsv|parquet|gz|gzip|zst|bz2|lz4|snappy|deflate)$");

  private static final Pattern UNSAFE = Pattern.compile("[^\\p{L}\\p{N}._=+-]+");

  private DataSets() {}

  /**
   * Inputs by the names of their files.
   *
   * @throws SettingsException if two would have one name
   */
  static Map<String, String> named(List<String> inputs) {
    Map<String, String> named = new LinkedHashMap<>();
    for (String input : inputs) {
      String name = name(input);
      String other = named.put(name, input);
      if (other != null) {
        throw new SettingsException(
            List.of(
                "--input %s: data sets are named by their files, and %s is called %s too. Rename one of them."
                    .formatted(input, other, name)));
      }
    }
    return named;
  }

  /** The name of a file or folder, without what says how it is written. */
  static String name(String location) {
    String path = location.replaceFirst("/+$", "");
    String name = path.substring(path.lastIndexOf('/') + 1);
    for (String shorter = null; !name.equals(shorter); ) {
      shorter = name;
      name = EXTENSION.matcher(name).replaceFirst("");
    }
    return folder(name);
  }

  /** A name as a folder has it. */
  static String folder(String name) {
    String safe = UNSAFE.matcher(name).replaceAll("-").replaceFirst("^[._-]+", "");
    return safe.isEmpty() ? "unnamed" : safe;
  }

  /**
   * Checks that every variant has a folder of its own.
   *
   * @throws SettingsException if two would share one
   */
  static void requireApart(List<String> variants) {
    Map<String, String> folders = new LinkedHashMap<>();
    for (String variant : variants) {
      String other = folders.put(folder(variant), variant);
      if (other != null) {
        throw new SettingsException(
            List.of(
                other.equals(variant)
                    ? "Cannot evaluate two variants named \"%s\": each has a run by its name. Rename one of them."
                        .formatted(variant)
                    : "Cannot evaluate variants \"%s\" and \"%s\": their runs would share the folder %s. Rename one of them."
                        .formatted(other, variant, folder(variant))));
      }
    }
  }
}
