package io.foresight.spark;

import java.util.Set;

/** Columns that rows have on their way, after the input's own, and that no output has. */
public final class HiddenColumns {

  /** What was wrong when the row was read, a text; null if nothing was. */
  public static final String INPUT_ERROR = "_foresight_error";

  /** The row's id as a text, given or derived, which no other row has. */
  public static final String ID = "_foresight_id";

  /** Digest of the row's content, a number. */
  public static final String CHECKSUM = "_foresight_checksum";

  /** All of them. */
  public static final Set<String> ALL = Set.of(INPUT_ERROR, ID, CHECKSUM);

  private HiddenColumns() {}
}
