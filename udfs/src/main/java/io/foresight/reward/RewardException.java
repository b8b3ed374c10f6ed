package io.foresight.reward;

/** A reward that could not score a text; the message names it. */
public final class RewardException extends RuntimeException {

  private static final long serialVersionUID = 1;

  RewardException(String name, String reason, Throwable cause) {
    super("Cannot score with reward %s: %s".formatted(name, reason), cause);
  }
}
