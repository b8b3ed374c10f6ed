package io.foresight.spark;

import io.foresight.reward.ValueText;
import java.util.HexFormat;

/**
 * What a row is called, and its seed derived from: the same text in every process and time zone.
 */
public final class RowId {

  private RowId() {}

  /**
   * The text of an id.
   *
   * @param value of any type; of a binary one the text is its hexadecimal digits, of a time ISO
   */
  public static String of(Object value) {
    return value instanceof byte[] bytes
        ? HexFormat.of().formatHex(bytes)
        : value == null ? "null" : ValueText.of(value);
  }
}
