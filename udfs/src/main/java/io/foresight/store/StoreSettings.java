package io.foresight.store;

import io.foresight.settings.Problems;
import io.foresight.settings.Secrets;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.settings.Settings;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
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

  public static final Setting<String> TARGET_DIGEST =
      Setting.text("models.target-digest", "")
          .changes(Setting.Effect.NOTHING)
          .does(
              "SHA-256 of configuration and weights that the target must have, as inspect --digest and run.json have it; checked by the driver and on each host. Empty: any");

  public static final Setting<String> DRAFT_DIGEST =
      Setting.text("models.draft-digest", "")
          .changes(Setting.Effect.NOTHING)
          .does("The same of the draft");

  public static final Setting<String> LOCAL_CACHE =
      Setting.text("models.local-cache", "")
          .changes(Setting.Effect.NOTHING)
          .does(
              "Folder that each host copies remote models to, once for all its processes; an absolute path on a local disk; empty: foresight-models-USER in the JVM's temporary folder");

  public static final Setting<Long> LOCAL_CACHE_SIZE =
      Setting.bytes("models.local-cache-size", "100g")
          .changes(Setting.Effect.NOTHING)
          .does(
              "Most disk that these copies may take; what was used least recently and is not in use makes room");

  /** Declares the settings above. */
  public static final class Declared implements SettingGroup {
    @Override
    public List<Setting<?>> settings() {
      return Setting.declaredIn(StoreSettings.class);
    }
  }

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

  /**
   * What settings say, without the models' digests of rewards.
   *
   * @param target where it lies, whose digest a setting gives
   * @param draft the same of the draft
   */
  public static StoreSettings of(
      Settings settings, String target, String draft, Problems problems) {
    Map<String, String> digests = new HashMap<>();
    for (Setting<String> setting : List.of(TARGET_DIGEST, DRAFT_DIGEST)) {
      String digest = settings.get(setting);
      if (!digest.isBlank() && !isDigest(digest)) {
        problems.problem(
            setting,
            "it is no SHA-256. Give 64 digits of 0 to 9 and a to f, as inspect --digest prints them.");
      } else if (!digest.isBlank()) {
        String other = digests.put(setting.equals(TARGET_DIGEST) ? target : draft, digest);
        if (other != null && !other.equals(digest)) {
          problems.problem(setting, "target and draft are one model. Give it one digest.");
        }
      }
    }
    long bytes = settings.get(LOCAL_CACHE_SIZE);
    try {
      return new StoreSettings(settings.get(LOCAL_CACHE).strip(), bytes, digests);
    } catch (IllegalArgumentException e) {
      problems.problem(LOCAL_CACHE, e.getMessage());
      return new StoreSettings("", bytes, digests);
    }
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
