package io.foresight.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files of an entry of {@link ModelStore}, and those that stand beside it. */
final class StoreEntry {

  private static final Logger LOG = LoggerFactory.getLogger(StoreEntry.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MANIFEST = "foresight-copy.json";

  private StoreEntry() {}

  /**
   * What an entry consists of; of a partial one, what it will.
   *
   * @param source where it was copied from
   * @param sha256 by name of file, in hexadecimal; empty until all is copied
   */
  record Manifest(String source, Map<String, Long> lengths, Map<String, String> sha256) {

    static Manifest planned(RemoteModel model) {
      Map<String, Long> lengths = new HashMap<>();
      model.files().forEach(file -> lengths.put(file.name(), file.length()));
      return new Manifest(model.uri(), lengths, Map.of());
    }

    long bytes() {
      return lengths.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  static boolean whole(Path entry) throws IOException {
    Manifest manifest = manifest(entry);
    if (manifest == null) {
      return false;
    }
    for (Map.Entry<String, Long> file : manifest.lengths().entrySet()) {
      Path path = entry.resolve(file.getKey());
      if (!Files.isRegularFile(path) || Files.size(path) != file.getValue()) {
        LOG.warn("{} is missing or has another length than what was copied.", path);
        return false;
      }
    }
    return true;
  }

  /** {@code null} if there is none that can be read. */
  static Manifest manifest(Path entry) throws IOException {
    Path file = entry.resolve(MANIFEST);
    if (Files.notExists(file)) {
      return null;
    }
    try {
      return JSON.readValue(Files.readAllBytes(file), Manifest.class);
    } catch (NoSuchFileException e) {
      // Another process has just finished its copy.
      return null;
    } catch (JsonProcessingException e) {
      LOG.warn("{} is damaged.", file, e);
      return null;
    }
  }

  /** What an entry takes, or will when it is whole. */
  static long size(Path entry) throws IOException {
    Path part = beside(entry, ".part");
    Manifest planned = manifest(part);
    return bytesIn(entry) + Math.max(bytesIn(part), planned == null ? 0 : planned.bytes());
  }

  static long bytesIn(Path folder) throws IOException {
    if (Files.notExists(folder)) {
      return 0;
    }
    long bytes = 0;
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        bytes += Files.size(file);
      }
    } catch (NoSuchFileException e) {
      // Another process has just finished its copy, or taken a damaged one away.
      return bytes;
    }
    return bytes;
  }

  static void delete(Path folder) throws IOException {
    // Without it nothing is whole.
    Files.deleteIfExists(folder.resolve(MANIFEST));
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  static void write(Path folder, Manifest manifest) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            folder.resolve(MANIFEST),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(JSON.writeValueAsBytes(manifest)));
      channel.force(true);
    }
    force(folder);
  }

  /** Makes a folder's names durable. */
  static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder)) {
      channel.force(true);
    }
  }

  static FileChannel openFile(Path entry, String ending) throws IOException {
    return FileChannel.open(
        beside(entry, ending),
        StandardOpenOption.CREATE,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }

  static Path beside(Path entry, String ending) {
    return entry.resolveSibling(entry.getFileName() + ending);
  }
}
