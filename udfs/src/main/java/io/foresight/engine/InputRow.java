package io.foresight.engine;

import io.foresight.decoding.RowFault;
import java.util.Map;

/**
 * A row as the engine takes it.
 *
 * @param id what it is known by; its seed is derived from it
 * @param values by column: texts, numbers and the like, a {@link java.util.List} of those, a {@link
 *     Map} of them, {@code null}; empty of a row that could not be read
 * @param fault why it could not be read; {@code null} if it could
 */
public record InputRow(String id, Map<String, Object> values, RowFault fault) {

  /** A row that could be read. */
  public InputRow(String id, Map<String, Object> values) {
    this(id, values, null);
  }
}
