package io.foresight.model.text;

/**
 * A model or tokenizer that cannot be used. The message names the folder, the reason and what to
 * do.
 */
public class ModelException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** With a complete message. */
  public ModelException(String message) {
    super(message);
  }

  /** With a complete message and its cause. */
  public ModelException(String message, Throwable cause) {
    super(message, cause);
  }
}
