package io.foresight.spark.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.spark.rows.RowFormat;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a job asks of a run. Immutable but for {@code described}, which is not to be changed.
 *
 * @param job its name, as in "generate"
 * @param verb what it does with a row, as in "decode"
 * @param output folder to write to
 * @param format of the output's files
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
    RowFormat format,
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
   * @param bytes what all rows that are taken of them take, about; 0 if that is not known before
   *     they are read
   */
  public record InputFiles(String fingerprint, long bytes) {

    /**
     * Of files that are listed, and not read.
     *
     * @param files name, size and time of each
     * @param more what else decides which rows are taken of them
     */
    public static InputFiles of(Collection<String> files, long bytes, String more) {
      return new InputFiles(digest(new TreeSet<>(files), more), bytes);
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
