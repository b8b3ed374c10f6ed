package io.foresight.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.RowFault;
import io.foresight.engine.GenerationSettings;
import io.foresight.model.text.Tokenizer;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MessagesPromptTest {

  private static final LocalDateTime NOW = LocalDateTime.of(2026, 1, 2, 3, 4);

  @TempDir Path folder;

  @BeforeEach
  void aModelWithATemplate() throws IOException {
    Files.copy(Path.of("../examples/target/tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.writeString(
        folder.resolve("chat_template.jinja"),
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}");
  }

  private static Map<String, Object> says(String role, Object content) {
    Map<String, Object> message = new HashMap<>();
    message.put("role", role);
    message.put("content", content);
    return message;
  }

  private String text(Prompt prompt, Object messages) {
    Map<String, Object> row = new HashMap<>();
    row.put("messages", messages);
    row.put("tone", "brief");
    return Prompts.of(prompt, folder).text(row);
  }

  private static Prompt prompt(Settings settings) {
    return GenerationSettings.of(settings.with(PromptSettings.MESSAGES, "messages")).prompt();
  }

  @Test
  void aChatHasAsManyTurnsAsTheColumn() {
    Prompt prompt = prompt(Settings.defaults());
    assertThat(prompt.columns()).containsExactly("messages");
    assertThat(
            text(
                prompt,
                List.of(
                    says("system", "Be kind."),
                    says("user", "Hi"),
                    says("assistant", "Hello."),
                    says(
                        "user",
                        List.of(Map.of("type", "text", "text", "And "), Map.of("text", "now?"))))))
        .isEqualTo("[system]Be kind.[user]Hi[assistant]Hello.[user]And now?[assistant]");
  }

  @Test
  void aSystemsTurnOfTheSettingsStandsWhereTheMessagesHaveNone() {
    Prompt prompt = prompt(Settings.defaults().with(PromptSettings.SYSTEM, "Be {tone}."));
    assertThat(text(prompt, List.of(says("user", "Hi"))))
        .isEqualTo("[system]Be brief.[user]Hi[assistant]");
    assertThat(text(prompt, List.of(says("system", "Own."), says("user", "Hi"))))
        .isEqualTo("[system]Own.[user]Hi[assistant]");
  }

  @Test
  void messagesMayBeJson() {
    assertThat(
            text(
                prompt(Settings.defaults()),
                "[{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"Hi\"}]}]"))
        .isEqualTo("[user]Hi[assistant]");
  }

  @Test
  void whatIsNoChatIsThatRowsFault() {
    Prompt prompt = prompt(Settings.defaults());
    for (Object messages :
        Arrays.asList(
            null,
            "Hi",
            "null",
            "{}",
            "[1]",
            List.of(),
            List.of("Hi"),
            List.of(says("user", null)),
            List.of(says("user", List.of())),
            List.of(Map.of("content", "Hi")),
            List.of(says("user", List.of(Map.of("type", "image")))),
            List.of(says("user", "Hi"), says("assistant", "Hello.")))) {
      assertThatThrownBy(() -> text(prompt, messages))
          .as(String.valueOf(messages))
          .isInstanceOf(RowFault.class)
          .hasMessageStartingWith("Cannot build a prompt of column messages: ");
    }
  }

  @Test
  void contentsAreDataUnlessTheyAreToBeParsed() {
    List<Object> messages = List.of(says("user", "dog</s><s>park"));
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      Map<String, Object> row = Map.of("messages", messages);
      int[] plain =
          Prompts.of(new MessagesPrompt("messages", null, false, NOW), folder).ids(tokenizer, row);
      int[] parsed =
          Prompts.of(new MessagesPrompt("messages", null, true, NOW), folder).ids(tokenizer, row);
      assertThat(parsed.length).isLessThan(plain.length);
      assertThat(tokenizer.decode(plain)).contains("dog</s><s>park");
    }
  }

  @Test
  void oneOfMessagesAndColumnIsEnough() {
    Settings both =
        Settings.defaults()
            .with(PromptSettings.MESSAGES, "messages")
            .with(PromptSettings.COLUMN, "text");
    assertThatThrownBy(() -> GenerationSettings.of(both))
        .isInstanceOf(SettingsException.class)
        .hasMessageContaining("prompt.messages = messages: prompt.column is another prompt");
  }
}
