package io.foresight.engine.prompt;

import io.foresight.model.text.ChatTemplate.Turn;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;

/** A prompt that the model folder's own chat template writes. */
public sealed interface Chat extends Prompt permits ChatPrompt, MessagesPrompt {

  /**
   * A row's turns.
   *
   * @throws io.foresight.decoding.RowFault if it has none that can be written
   */
  List<Turn> turns(Map<String, Object> row);

  /**
   * What a template that asks for the date gets; one for the whole run, so that every row has the
   * same.
   */
  LocalDateTime now();

  /** The same at another time. */
  Chat at(LocalDateTime other);
}
