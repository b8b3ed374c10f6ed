package io.foresight.engine.prompt;

import io.foresight.settings.Problems;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.settings.Settings;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** The settings of how a row becomes a prompt. */
public final class PromptSettings implements SettingGroup {

  /** What the spelling of a special token in data is. */
  public enum SpecialTokens {
    /** Its characters. */
    TEXT,
    /** The token. */
    PARSE
  }

  public static final Setting<String> TEMPLATE =
      Setting.text("prompt.template", "{concepts} =")
          .changes(Setting.Effect.GENERATION)
          .does("Columns in braces; a list is joined by one space");

  public static final Setting<String> COLUMN =
      Setting.text("prompt.column", "")
          .changes(Setting.Effect.GENERATION)
          .does("A column that is the prompt as it is; overrides the template unless empty");

  public static final Setting<String> MESSAGES =
      Setting.text("prompt.messages", "")
          .changes(Setting.Effect.GENERATION)
          .does(
              "A column of messages, a list of role and content, of any number of turns: the prompt is the chat that they are; instead of template and column unless empty");

  public static final Setting<SpecialTokens> SPECIAL_TOKENS =
      Setting.choice("prompt.special-tokens", SpecialTokens.TEXT)
          .changes(Setting.Effect.GENERATION)
          .does(
              "What the spelling of a special token in a column's value is: text (its characters) or parse (the token, so that data may end a turn or write a system's). Those that the template above or a chat template spells are special tokens always");

  public static final Setting<Boolean> CHAT =
      Setting.flag("prompt.chat.enabled", false)
          .changes(Setting.Effect.GENERATION)
          .does(
              "Whether the prompt is a chat, written by the target checkpoint's own chat template; the template or column above is then what the user's turn says: true, false");

  public static final Setting<String> SYSTEM =
      Setting.text("prompt.chat.system", "")
          .changes(Setting.Effect.GENERATION)
          .does("What the system's turn says, columns in braces; empty: there is no such turn");

  public static final Setting<String> NOW =
      Setting.text("prompt.chat.now", "")
          .changes(Setting.Effect.GENERATION)
          .does(
              "Local time that a chat template which writes the date gets, such as 2026-11-25T09:30; empty: when the run starts");

  private static final String NO_CHAT =
      "it is of no use without a chat. Set prompt.chat.enabled = true.";

  @Override
  public List<Setting<?>> settings() {
    return Setting.declaredIn(PromptSettings.class);
  }

  /** The prompt that settings ask for; where there is a problem, something stands in. */
  public static Prompt prompt(Settings settings, Problems problems) {
    String column = settings.get(COLUMN);
    PromptTemplate user =
        column.isBlank() ? template(TEMPLATE, settings, problems) : PromptTemplate.column(column);
    boolean parsesData = settings.get(SPECIAL_TOKENS) == SpecialTokens.PARSE;
    user = parsesData ? user.parsingData() : user;
    String messages = settings.get(MESSAGES);
    if (!messages.isBlank() && !column.isBlank()) {
      problems.problem(MESSAGES, "prompt.column is another prompt. Give one of them.");
    }
    boolean hasSystem = !settings.get(SYSTEM).isBlank();
    boolean hasNow = !settings.get(NOW).isBlank();
    if (!settings.get(CHAT) && messages.isBlank()) {
      if (hasSystem) {
        problems.problem(SYSTEM, NO_CHAT);
      }
      if (hasNow) {
        problems.problem(NOW, NO_CHAT);
      }
      return user;
    }
    LocalDateTime time = LocalDateTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS);
    try {
      time = hasNow ? LocalDateTime.parse(settings.get(NOW)) : time;
    } catch (DateTimeParseException e) {
      problems.problem(NOW, "it is no time. Give one such as 2026-11-25T09:30.");
    }
    PromptTemplate system = hasSystem ? template(SYSTEM, settings, problems) : null;
    PromptTemplate says = system != null && parsesData ? system.parsingData() : system;
    return messages.isBlank()
        ? new ChatPrompt(says, user, time)
        : new MessagesPrompt(messages, says, parsesData, time);
  }

  private static PromptTemplate template(
      Setting<String> setting, Settings settings, Problems problems) {
    try {
      return new PromptTemplate(settings.get(setting));
    } catch (IllegalArgumentException e) {
      problems.problem(setting, e.getMessage());
      return PromptTemplate.column("x");
    }
  }
}
