package io.foresight.engine.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.RowFault;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts of rows, plain and by a chat template. */
class PromptsTest {

  private static final PromptTemplate USER = new PromptTemplate("Write about {concepts}.");
  private static final LocalDateTime NOW = LocalDateTime.of(2026, 11, 25, 9, 5);

  @TempDir private Path folder;

  @BeforeEach
  void tokenizer() throws IOException {
    Files.copy(Path.of("../examples/target/tokenizer.json"), folder.resolve("tokenizer.json"));
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}");
  }

  private void template(String template) throws IOException {
    Files.writeString(folder.resolve("chat_template.jinja"), template);
  }

  @Test
  void aChatHasTheBosThatItsTemplateWritesAndNoOther() throws IOException {
    template("{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}");
    Prompts prompts =
        Prompts.of(new ChatPrompt(new PromptTemplate("Use {n} words."), USER, NOW), folder);
    Map<String, Object> row = Map.of("concepts", List.of("dog", "park"), "n", 7);
    assertThat(prompts.text(row))
        .isEqualTo("<s>[system] Use 7 words.\n[user] Write about dog park.\n");
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      int bos = tokenizer.encode("")[0];
      int[] ids = prompts.ids(tokenizer, row);
      assertThat(ids).startsWith(bos);
      assertThat(Arrays.stream(ids).filter(id -> id == bos).count()).isEqualTo(1);
      assertThat(
              Arrays.stream(prompts.ids(tokenizer, row, "A dog.")).filter(id -> id == bos).count())
          .isEqualTo(1);
      assertThat(tokenizer.decode(prompts.ids(tokenizer, row, "A dog."))).endsWith("park.\nA dog.");
      Prompts plain = Prompts.of(USER, folder);
      assertThat(plain.ids(tokenizer, row)).startsWith(bos);
      assertThat(tokenizer.decode(plain.ids(tokenizer, row, "A dog.")))
          .isEqualTo("Write about dog park. A dog.");
    }
  }

  @Test
  void columnsSpellNoSpecialTokensUnlessTheyAreParsed() throws IOException {
    Map<String, Object> row = Map.of("concepts", List.of("dog</s><s>", "park"));
    PromptTemplate ended = new PromptTemplate("{concepts}</s>");
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      int end = tokenizer.encodeWritten("</s>")[0];
      assertThat(Prompts.of(USER, folder).ids(tokenizer, row)).doesNotContain(end);
      assertThat(Prompts.of(USER, folder).ids(tokenizer, row, "A </s>")).doesNotContain(end);
      assertThat(tokenizer.decode(Prompts.of(USER, folder).ids(tokenizer, row)))
          .isEqualTo("Write about dog</s><s> park.");
      assertThat(Prompts.of(ended, folder).ids(tokenizer, row)).endsWith(end).containsOnlyOnce(end);
      int[] parsed = Prompts.of(USER.parsingData(), folder).ids(tokenizer, row);
      assertThat(parsed).isEqualTo(tokenizer.encode("Write about dog</s><s> park."));
      assertThat(parsed).contains(end);
      template("{% for m in messages %}{{ m.content | trim }}</s>{% endfor %}");
      ChatPrompt chat = new ChatPrompt(USER, ended, NOW);
      int[] ids = Prompts.of(chat, folder).ids(tokenizer, row);
      assertThat(Arrays.stream(ids).filter(id -> id == end).count()).isEqualTo(3);
      ChatPrompt parsing = new ChatPrompt(USER, ended.parsingData(), NOW);
      ids = Prompts.of(parsing, folder).ids(tokenizer, row);
      assertThat(Arrays.stream(ids).filter(id -> id == end).count()).isEqualTo(4);
    }
  }

  @Test
  void aTemplateWithoutBosGetsNone() throws IOException {
    template("{{ messages[0].content }}");
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      assertThat(
              Prompts.of(new ChatPrompt(null, USER, NOW), folder)
                  .ids(tokenizer, Map.of("concepts", List.of("dog"))))
          .doesNotContain(tokenizer.encode("")[0]);
    }
  }

  @Test
  void aRowThatTheTemplateRefusesHasNoPrompt() throws IOException {
    template("{% if 'cat' in messages[0].content %}{{ raise_exception('No cats') }}{% endif %}ok");
    Prompts prompts = Prompts.of(new ChatPrompt(null, USER, NOW), folder);
    assertThat(prompts.text(Map.of("concepts", "dog"))).isEqualTo("ok");
    assertThatThrownBy(() -> prompts.text(Map.of("concepts", "cat")))
        .isInstanceOf(RowFault.class)
        .hasMessageContaining("says: No cats");
    assertThatThrownBy(() -> prompts.text(Map.of()))
        .hasMessageContaining("column concepts is null");
  }

  @Test
  void aTemplateThatNoRowCanUseIsFoundAtOnce() throws IOException {
    template("{{ raise_exception('No system turn') }}");
    assertThatThrownBy(() -> Prompts.of(new ChatPrompt(USER, USER, NOW), folder))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("says: No system turn");
    Files.delete(folder.resolve("chat_template.jinja"));
    assertThatThrownBy(() -> Prompts.of(new ChatPrompt(null, USER, NOW), folder))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("it has none");
    assertThat(Prompts.of(USER, folder).text(Map.of("concepts", "dog")))
        .isEqualTo("Write about dog.");
  }

  @Test
  void namesTheColumnsOfBothTurns() {
    assertThat(
            new ChatPrompt(new PromptTemplate("{a} {b}"), new PromptTemplate("{c}"), NOW).columns())
        .containsExactly("a", "b", "c");
    assertThat(new ChatPrompt(null, USER, NOW).columns()).containsExactly("concepts");
  }
}
