package io.foresight.model;

import io.foresight.model.text.ModelException;

/** The caches of a task have no room for all that they are to hold at a time. */
public final class CacheMemoryException extends ModelException {

  private static final long serialVersionUID = 1;

  CacheMemoryException(String message) {
    super(message);
  }
}
