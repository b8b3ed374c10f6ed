package io.foresight.engine.prompt;

import io.foresight.model.text.ChatTemplate.Turn;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A prompt that is a chat, written by the model folder's own chat template.
 *
 * @param system the system's turn; {@code null} for none
 * @param user the user's turn
 * @param now what a template that asks for the date gets; one for the whole run, so that every row
 *     has the same
 */
public record ChatPrompt(PromptTemplate system, PromptTemplate user, LocalDateTime now)
    implements Chat {

  private static final long serialVersionUID = 1;

  @Override
  public Chat at(LocalDateTime other) {
    return new ChatPrompt(system, user, other);
  }

  @Override
  public List<Turn> turns(Map<String, Object> row) {
    List<Turn> turns = new ArrayList<>();
    if (system != null) {
      turns.add(new Turn("system", system.prompt(row)));
    }
    turns.add(new Turn("user", user.prompt(row)));
    return turns;
  }

  @Override
  public List<String> columns() {
    List<String> columns = new ArrayList<>(system == null ? List.of() : system.columns());
    columns.addAll(user.columns());
    return columns;
  }
}
