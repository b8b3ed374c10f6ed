package io.foresight.engine;

import java.io.Serializable;
import java.util.List;

/** How a row becomes a prompt. Immutable. */
public sealed interface Prompt extends Serializable permits PromptTemplate, ChatPrompt {

  /** Columns that it needs. */
  List<String> columns();
}
