package io.foresight.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.RowFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a checkpoint's chat template is found, and what it is given. */
class ChatTemplateTest {

  private static List<ChatTemplate.Turn> turns(String system, String user) {
    List<ChatTemplate.Turn> turns = new ArrayList<>();
    if (system != null) {
      turns.add(new ChatTemplate.Turn("system", PromptText.builder().data(system).build()));
    }
    turns.add(new ChatTemplate.Turn("user", PromptText.builder().data(user).build()));
    return turns;
  }

  private static final LocalDateTime NOW = LocalDateTime.of(2026, 11, 25, 9, 5);

  @TempDir private Path folder;

  private void config(String json) throws IOException {
    Files.writeString(folder.resolve("tokenizer_config.json"), json);
  }

  private String prompt() {
    return ChatTemplate.load(folder).prompt(turns("Be brief.", "Hi"), NOW);
  }

  @Test
  void aTextInTheConfiguration() throws IOException {
    config(
        """
        {"bos_token": "<s>", "eos_token": {"content": "</s>", "special": true}, "unk_token": null,
         "chat_template": "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }}{{ eos_token }}{% endfor %}{{ unk_token is defined }}{% if add_generation_prompt %}>{% endif %}"}
        """);
    assertThat(prompt()).isEqualTo("<s>system:Be brief.</s>user:Hi</s>False>");
    assertThat(ChatTemplate.load(folder).prompt(turns(null, "Hi"), NOW))
        .isEqualTo("<s>user:Hi</s>False>");
  }

  @Test
  void oneOfAListInTheConfiguration() throws IOException {
    config(
        """
        {"chat_template": [{"name": "rag", "template": "no"}, {"name": "default", "template": "yes"}]}
        """);
    assertThat(prompt()).isEqualTo("yes");
    config("{\"chat_template\": [{\"name\": \"rag\", \"template\": \"no\"}]}");
    assertThatThrownBy(this::prompt)
        .hasMessageContaining("none of its templates [rag] is named default");
  }

  @Test
  void aFileBesideTheConfigurationGoesFirst() throws IOException {
    config("{\"bos_token\": \"<s>\", \"chat_template\": \"no\"}");
    Files.writeString(
        folder.resolve("chat_template.jinja"), "{{ bos_token }}{{ strftime_now('%d.%m.') }}\n");
    assertThat(prompt()).isEqualTo("<s>25.11.");
  }

  @Test
  void aModelWithoutOne() throws IOException {
    assertThatThrownBy(this::prompt)
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith("Cannot use the chat template of model " + folder)
        .hasMessageContaining("it has none");
    config("{\"bos_token\": \"<s>\"}");
    assertThatThrownBy(this::prompt).hasMessageContaining("it has none");
    config("{");
    assertThatThrownBy(this::prompt)
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("Check that its files are readable");
  }

  @Test
  void oneThatCannotBeUsed() throws IOException {
    Files.writeString(folder.resolve("chat_template.jinja"), "a\n{% include 'x' %}");
    assertThatThrownBy(this::prompt)
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("line 2: the tag \"include\"");
    Files.writeString(
        folder.resolve("chat_template.jinja"), "{{ raise_exception('No system turn!') }}");
    assertThatThrownBy(this::prompt)
        .isInstanceOf(RowFault.class)
        .hasMessageStartingWith("Cannot build a prompt: the chat template of " + folder)
        .hasMessageContaining("says: No system turn!");
  }
}
