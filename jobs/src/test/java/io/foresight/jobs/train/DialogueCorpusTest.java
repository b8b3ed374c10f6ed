package io.foresight.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.engine.prompt.PromptTemplate;
import io.foresight.jobs.train.Corpus.Line;
import io.foresight.model.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DialogueCorpusTest {

  private static final PromptTemplate PROMPT = new PromptTemplate("Human: {prompt} Assistant:");

  @TempDir Path folder;

  private Path file(String name, String... lines) throws IOException {
    return Files.write(folder.resolve(name), List.of(lines));
  }

  private DialogueCorpus read(String... lines) throws IOException {
    return DialogueCorpus.read(
        List.of(TinyCorpus.dialogues(folder), file("more.jsonl", lines)), PROMPT);
  }

  private static List<Line> spoken(DialogueCorpus corpus) {
    return corpus.training().stream().filter(l -> !l.prompt().isEmpty()).toList();
  }

  @Test
  void noPromptIsOnBothSides() throws IOException {
    DialogueCorpus corpus = read();
    Set<String> trained =
        spoken(corpus).stream()
            .map(l -> l.prompt().toLowerCase(java.util.Locale.ROOT))
            .collect(Collectors.toSet());
    assertThat(corpus.heldOut())
        .hasSizeBetween(2, 20)
        .noneMatch(l -> trained.contains(l.prompt().toLowerCase(java.util.Locale.ROOT)))
        .allMatch(l -> !l.wholly());
    assertThat(corpus.heldOutRows()).doesNotHaveDuplicates();
    assertThat(corpus.heldOutRows().stream().map(PROMPT::render).toList())
        .isEqualTo(corpus.heldOut().stream().map(Line::prompt).distinct().toList());
  }

  @Test
  void aDialogueIsLearnedWithItsPrompt() throws IOException {
    DialogueCorpus corpus = read();
    assertThat(spoken(corpus)).allMatch(Line::wholly);
    Line line = spoken(corpus).get(0);
    assertThat(line.prompt()).isEqualTo("Human: How do I find a dog in the park? Assistant:");
    assertThat(line.text()).isEqualTo("Look for the dog by the gate of the park.");
    assertThat(corpus.vary(0, new Random(1))).isEqualTo(line);
    Files.writeString(
        folder.resolve("tokenizer.json"), BpeTrainer.train(List.of(line.prompt()), 300));
    Files.writeString(folder.resolve("config.json"), new ModelShape(300, 1, 16, 2, 16).config());
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      Batches batches = new Batches(corpus, List.of(), tokenizer, ModelShape.EOS, 8, 1);
      assertThat(batches.example(line).learned()).isEqualTo(1);
      int asked = tokenizer.encode(line.prompt()).length;
      Line held = new Line(line.prompt(), line.text(), false);
      assertThat(batches.example(held).learned()).isEqualTo(asked);
      assertThat(batches.example(held).ids()).isEqualTo(batches.example(line).ids());
      Batches.Example alone = batches.example(new Line("", "Dogs bark.", true));
      assertThat(alone.ids()).startsWith(tokenizer.encode("Dogs bark.")).endsWith(ModelShape.EOS);
      assertThat(alone.learned()).isEqualTo(1);
    }
  }

  @Test
  void aTextStandsAlone() throws IOException {
    DialogueCorpus corpus =
        read("{\"concepts\": [\"kite\"], \"text\": \"a kite flies\", \"toxic\": 0}");
    assertThat(corpus.training()).contains(new Line("", "A kite flies.", true));
  }

  @Test
  void aFileThatIsGivenTwiceWeighsTwice() throws IOException {
    Path dialogues = TinyCorpus.dialogues(folder);
    int once = DialogueCorpus.read(List.of(dialogues), PROMPT).training().size();
    DialogueCorpus twice = DialogueCorpus.read(List.of(dialogues, dialogues), PROMPT);
    assertThat(twice.training()).hasSize(2 * once);
    assertThat(twice.heldOutRows()).doesNotHaveDuplicates();
  }

  @Test
  void dropsDialoguesThatAreNotPlain() throws IOException {
    int all = read().training().size();
    DialogueCorpus corpus =
        read(
            "{\"prompt\": \"Where is it?\", \"response\": \"See https://example.org\"}",
            "{\"prompt\": \"<b>Where</b> is it?\", \"response\": \"It is here.\"}",
            "{\"text\": \"#### |||| ####\"}");
    assertThat(corpus.training()).hasSize(all);
  }

  @Test
  void namesTheLineThatItCannotRead() throws IOException {
    for (String bad :
        List.of(
            "{\"response\": \"It is here.\"}", "{\"prompt\": \"Where?\", \"response\": 3}", "{")) {
      Path file = file("bad.jsonl", "{\"text\": \"A dog runs.\"}", bad);
      assertThatThrownBy(() -> DialogueCorpus.read(List.of(file), PROMPT))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("bad.jsonl: line 2 is not an object");
    }
    Path file = file("texts.jsonl", "{\"text\": \"A dog runs.\"}");
    assertThatThrownBy(() -> DialogueCorpus.read(List.of(file), PROMPT))
        .hasMessageContaining("0 clean lines with prompts are left");
  }

  @Test
  void rowsCanBeAskedAsGenerationAsksThem() throws IOException {
    Map<String, Object> row = read().heldOutRows().get(0);
    assertThat(row).containsOnlyKeys("prompt");
    assertThat(PROMPT.render(row)).startsWith("Human: ").endsWith(" Assistant:");
  }
}
