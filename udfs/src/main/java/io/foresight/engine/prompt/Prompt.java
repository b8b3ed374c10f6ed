package io.foresight.engine.prompt;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** How a row becomes a prompt. Immutable. */
public sealed interface Prompt extends Serializable permits PromptTemplate, Chat {

  /** Columns that it needs. */
  List<String> columns();

  /** A row that it can be made of, to see whether it can. */
  default Map<String, Object> sample() {
    return columns().stream().distinct().collect(Collectors.toMap(c -> c, c -> "sample"));
  }
}
