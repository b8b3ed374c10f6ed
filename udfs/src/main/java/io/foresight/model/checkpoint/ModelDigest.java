package io.foresight.model.checkpoint;

import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * What is in a model's folder, of a language model or a classifier, in a few characters. Digests
 * are remembered as long as the files stay as they are (path, length, times of modification and
 * change, and number on the disk), so that asking again costs nothing. Thread-safe.
 */
public final class ModelDigest {

  private static final String CONFIG = "config.json";

  /** What changes a model's output besides its configuration and weights. */
  private static final List<String> OTHERS =
      List.of(
          "chat_template.jinja",
          HeadIds.FILE,
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json");

  /** By what was asked for and the state of the files. */
  private static final Map<String, String> KNOWN = new ConcurrentHashMap<>();

  private ModelDigest() {}

  /**
   * SHA-256 of configuration and weights, in hexadecimal, as {@link Checkpoint#digest} and {@link
   * ClassifierCheckpoint#digest} have it. Reads them all, once.
   *
   * @throws ModelException if they cannot be read
   */
  public static String ofWeights(Path folder) {
    return Checkpoint.reading(
        folder,
        () -> {
          List<Path> files = Safetensors.read(folder).files();
          List<Path> read = new ArrayList<>(files);
          read.add(folder.resolve(CONFIG));
          return KNOWN.computeIfAbsent(
              "weights\n" + state(read), state -> Checkpoint.digest(folder, files));
        });
  }

  /**
   * SHA-256 of all that changes what the model says: configuration, weights, tokenizer with its
   * configuration, chat template, generation configuration and frequent ids. Reads them all, once.
   *
   * @throws ModelException if they cannot be read
   */
  public static String of(Path folder) {
    String weights = ofWeights(folder);
    return Checkpoint.reading(
        folder,
        () -> {
          StringBuilder content = new StringBuilder("weights " + weights + "\n");
          for (String name : OTHERS) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
              content.append(name).append(' ').append(ofFile(file)).append('\n');
            }
          }
          return hex(content.toString().getBytes(StandardCharsets.UTF_8));
        });
  }

  /**
   * SHA-256 of a file, or of all files below a folder with their names.
   *
   * @throws IOException if one cannot be read
   */
  public static String ofFile(Path file) throws IOException {
    List<Path> files;
    try (Stream<Path> below = Files.walk(file)) {
      files =
          below
              .filter(Files::isRegularFile)
              .sorted(Comparator.comparing(one -> name(file, one)))
              .toList();
    }
    String state = "file\n" + state(files);
    String known = KNOWN.get(state);
    if (known == null) {
      MessageDigest digest = sha256();
      for (Path one : files) {
        if (!one.equals(file)) {
          // With the length, so that no name can be taken for content.
          String header = "%s\0%d\0".formatted(name(file, one), Files.size(one));
          digest.update(header.getBytes(StandardCharsets.UTF_8));
        }
        Checkpoint.update(digest, one);
      }
      known = HexFormat.of().formatHex(digest.digest());
      KNOWN.put(state, known);
    }
    return known;
  }

  /** A file's name below a folder, the same on every system. */
  private static String name(Path folder, Path file) {
    Path below = folder.relativize(file);
    return below.toString().replace(below.getFileSystem().getSeparator(), "/");
  }

  /**
   * What changes whenever a file of the model is written or replaced. Reads none of them; empty if
   * there is no such folder.
   */
  public static String fingerprint(Path folder) {
    if (!Files.isDirectory(folder)) {
      return "";
    }
    return Checkpoint.reading(
        folder,
        () -> {
          try (Stream<Path> files = Files.list(folder)) {
            return hex(
                state(files.filter(ModelDigest::isRead).sorted().toList())
                    .getBytes(StandardCharsets.UTF_8));
          }
        });
  }

  private static boolean isRead(Path file) {
    String name = file.getFileName().toString();
    return name.equals(CONFIG)
        || OTHERS.contains(name)
        || name.endsWith(".safetensors")
        || name.endsWith(".safetensors.index.json");
  }

  private static String state(List<Path> files) throws IOException {
    StringBuilder state = new StringBuilder();
    for (Path file : files) {
      // The time of the inode's change is the one that nobody can set back.
      state
          .append(file.toAbsolutePath())
          .append('\0')
          .append(new TreeMap<>(Files.readAttributes(file, "unix:size,lastModifiedTime,ctime,ino")))
          .append('\n');
    }
    return state.toString();
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(sha256().digest(bytes));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }
}
