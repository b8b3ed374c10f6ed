package io.foresight.store;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.EtagSource;
import org.apache.hadoop.fs.FileChecksum;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A checkpoint on a file system that Hadoop knows, as it was when it was listed. Immutable.
 *
 * @param uri its folder, with scheme and authority
 * @param files the checkpoint's files, by name
 */
record RemoteModel(String uri, List<RemoteFile> files) implements Serializable {

  /** What a checkpoint consists of; a repository holds much else. */
  private static final Set<String> NAMES =
      Set.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja",
          "frequent_ids.txt");

  private static final List<String> ENDINGS =
      List.of(".safetensors", ".safetensors.index.json", ".model");

  private static final String WHOLE = "model.safetensors";

  /**
   * One file.
   *
   * @param length in bytes
   * @param stamp what changes with the content: an entity tag, a checksum, or else path and time of
   *     modification
   */
  record RemoteFile(String name, long length, String stamp) implements Serializable {}

  /**
   * Lists a checkpoint.
   *
   * @throws IOException if the folder is missing or holds no checkpoint, or the file system refuses
   */
  static RemoteModel list(String uri, Configuration hadoop) throws IOException {
    Path folder = new Path(uri);
    FileSystem system = folder.getFileSystem(hadoop);
    FileStatus[] found;
    try {
      found = system.listStatus(folder);
    } catch (FileNotFoundException e) {
      throw new FileNotFoundException("there is no such folder");
    }
    List<RemoteFile> files = new ArrayList<>();
    for (FileStatus status : found) {
      String name = status.getPath().getName();
      if (status.isFile() && (NAMES.contains(name) || ENDINGS.stream().anyMatch(name::endsWith))) {
        files.add(new RemoteFile(name, status.getLen(), stamp(system, status)));
      }
    }
    // Weights are in this file or in shards; others hold the same again, in another layout.
    if (files.stream().anyMatch(file -> file.name().equals(WHOLE))) {
      files.removeIf(file -> file.name().endsWith(".safetensors") && !file.name().equals(WHOLE));
    } else {
      files.removeIf(file -> file.name().startsWith("consolidated"));
    }
    files.sort(Comparator.comparing(RemoteFile::name));
    if (files.stream().noneMatch(file -> file.name().equals("config.json"))) {
      throw new FileNotFoundException("it has no config.json");
    }
    if (files.stream().noneMatch(file -> file.name().endsWith(".safetensors"))) {
      throw new FileNotFoundException("it has no file of weights (*.safetensors)");
    }
    return new RemoteModel(system.makeQualified(folder).toString(), List.copyOf(files));
  }

  private static String stamp(FileSystem system, FileStatus status) throws IOException {
    if (status instanceof EtagSource tagged && tagged.getEtag() != null) {
      return "etag " + tagged.getEtag();
    }
    FileChecksum checksum = system.getFileChecksum(status.getPath());
    if (checksum != null) {
      return checksum.getAlgorithmName() + " " + HexFormat.of().formatHex(checksum.getBytes());
    }
    // Two models may well have files of one length and time; only the path tells them apart.
    return "modified " + status.getModificationTime() + " " + status.getPath();
  }

  /** Digest of names, lengths and stamps: another content has another key. */
  String key() {
    MessageDigest digest = ModelCopy.newDigest();
    for (RemoteFile file : files) {
      String line = "%s\0%d\0%s\0".formatted(file.name(), file.length(), file.stamp());
      digest.update(line.getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Length of all files, in bytes. */
  long bytes() {
    return files.stream().mapToLong(RemoteFile::length).sum();
  }
}
