package io.foresight.decoding;

import java.util.Locale;

/**
 * What is wrong with one row, and with no other: it becomes the row's error, and its neighbours go
 * on. Thrown where it is known to be so. Whatever else is thrown is nobody's row: it fails the
 * task, which Spark tries again.
 */
public class RowFault extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** The closed set of faults, in the order of a row's life. */
  public enum Kind {
    /** The row could not be read as the settings expect it. */
    INPUT,
    /** No prompt can be made of it, or one that the model has no room for. */
    PROMPT,
    /** A reward cannot judge it. */
    REWARD,
    /** It took longer than a row may. */
    TIMEOUT,
    /** It needs more memory than a row may have. */
    MEMORY,
    /** It ends the executors that decode it. */
    EXECUTOR,
    /** It alone fails wherever it is decoded, for a reason that is not its own to mend. */
    INTERNAL;

    /** As the column {@code error_kind} has it. */
    public String spelling() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final int LONGEST_REASON = 2000;

  private final Kind kind;

  /**
   * A fault.
   *
   * @param message what cannot be done, why, and what to do
   */
  public RowFault(Kind kind, String message) {
    this(kind, message, null);
  }

  /** The same, with what it came from. */
  public RowFault(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** What went wrong, for a row's error; no longer than a reader wants, whatever it quotes. */
  public static String reason(RuntimeException e) {
    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
    return reason.length() <= LONGEST_REASON ? reason : reason.substring(0, LONGEST_REASON) + "...";
  }

  /** What is at fault. */
  public Kind kind() {
    return kind;
  }
}
