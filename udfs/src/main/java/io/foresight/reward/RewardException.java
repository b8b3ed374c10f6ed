package io.foresight.reward;

import io.foresight.decoding.RowFault;

/** A reward that cannot judge a row; the message names it. */
public final class RewardException extends RowFault {

  private static final long serialVersionUID = 2;

  RewardException(String name, Kind kind, String reason, Throwable cause) {
    super(kind, "Cannot score with reward %s: %s".formatted(name, reason), cause);
  }

  /** Of a reward that gave what cannot be used. */
  RewardException(String name, String reason) {
    this(name, Kind.REWARD, reason, null);
  }
}
