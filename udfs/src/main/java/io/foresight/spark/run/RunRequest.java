package io.foresight.spark.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * What a job asks of a run. Immutable but for {@code described}, which is not to be changed.
 *
 * @param job its name, as in "generate"
 * @param verb what it does with a row, as in "decode"
 * @param output folder to write to
 * @param format of the output's files: parquet or json
 * @param overwrite whether another output there is to be replaced, once this one is whole
 * @param extend whether rows that the input has gained are to be decoded
 * @param retryErrors whether error rows that are there are to be decoded again
 * @param shardRows rows per shard, at least 1
 * @param maxErrorFraction share of the rows that may be errors, in [0, 1]
 * @param identity all that changes the output besides the input, by names that users know
 * @param input the input's files as they are now: their names, sizes and times
 * @param described what else {@code run.json} is to hold
 */
public record RunRequest(
    String job,
    String verb,
    String output,
    String format,
    boolean overwrite,
    boolean extend,
    boolean retryErrors,
    int shardRows,
    double maxErrorFraction,
    Map<String, String> identity,
    InputFiles input,
    ObjectNode described) {

  /**
   * What an input's files look like from outside.
   *
   * @param fingerprint changes when a file's name, size or time does
   * @param bytes their size
   */
  public record InputFiles(String fingerprint, long bytes) {

    /**
     * Lists files, without reading them.
     *
     * @param paths files, folders, or patterns of them
     * @param more what else decides which rows are taken of them
     * @throws IOException if one cannot be listed
     */
    public static InputFiles of(Configuration configuration, List<String> paths, String more)
        throws IOException {
      TreeSet<String> found = new TreeSet<>();
      long bytes = 0;
      for (String given : paths) {
        Path path = new Path(given);
        FileSystem files = path.getFileSystem(configuration);
        FileStatus[] roots =
            files.exists(path)
                ? new FileStatus[] {files.getFileStatus(path)}
                : files.globStatus(path);
        for (FileStatus root : roots == null ? new FileStatus[0] : roots) {
          RemoteIterator<LocatedFileStatus> below = files.listFiles(root.getPath(), true);
          while (below.hasNext()) {
            LocatedFileStatus file = below.next();
            // What a reader does not take for data, such as a run's own files, may change.
            if (!hidden(root.getPath(), file.getPath())) {
              bytes += file.getLen();
              found.add(
                  "%s %d %d".formatted(file.getPath(), file.getLen(), file.getModificationTime()));
            }
          }
        }
      }
      return new InputFiles(digest(found, more), bytes);
    }

    private static boolean hidden(Path root, Path file) {
      String below = root.toUri().relativize(file.toUri()).getPath();
      return Arrays.stream(below.split("/"))
          .anyMatch(name -> name.startsWith(".") || (name.startsWith("_") && !name.contains("=")));
    }

    private static String digest(SortedSet<String> found, String more) {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        found.forEach(file -> digest.update((file + "\n").getBytes(StandardCharsets.UTF_8)));
        digest.update(more.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest.digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("Every Java platform has SHA-256.", e);
      }
    }
  }
}
