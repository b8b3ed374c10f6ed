package io.foresight.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.jobs.train.ClassifierTrainer.Evaluation;
import io.foresight.jobs.train.LabelledTexts.Line;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifierTrainerTest {

  private static final String[] WORDS = {
    "river", "table", "green", "walks", "paper", "under", "seven", "cloud", "reads", "stone"
  };

  @TempDir private Path temporary;

  /** Texts of any words; those of label 1 have "frost" among them. */
  private Path corpus(int texts) throws IOException {
    Random random = new Random(1);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < texts; i++) {
      StringBuilder text = new StringBuilder();
      int at = random.nextInt(5);
      for (int word = 0; word < 6; word++) {
        boolean mark = i % 2 == 1 && word == at;
        text.append(mark ? "Frost" : WORDS[random.nextInt(WORDS.length)]).append(' ');
      }
      lines.add("{\"text\": \"%s%d\", \"cold\": %d}".formatted(text, i, i % 2));
    }
    return Files.write(temporary.resolve("corpus.jsonl"), lines);
  }

  private Path train(LabelledTexts texts, String name) throws IOException {
    Path folder = Files.createDirectories(temporary.resolve(name));
    List<String> learned = texts.training().stream().map(Line::text).toList();
    Files.writeString(
        folder.resolve("tokenizer.json"),
        BpeTrainer.train(learned, 300, BpeTrainer.Purpose.CLASSIFICATION));
    ClassifierShape shape = new ClassifierShape(300, 1, 32, 2, 32, List.of("warm", "cold"));
    Files.writeString(folder.resolve("config.json"), shape.config());
    new ClassifierTrainer(shape, new ClassifierTrainer.Recipe(1e-2, 15, 0, 0.01, 10, 1), folder)
        .train(texts);
    return folder;
  }

  @Test
  void whatMarksALabelIsLearnedTheSameWayBySeed() throws IOException {
    LabelledTexts texts = LabelledTexts.read(corpus(800), null, "cold");
    Path folder = train(texts, "model");
    assertThat(ClassifierCheckpoint.inspect(folder).labels()).containsExactly("warm", "cold");
    Evaluation heldOut = Evaluation.of(folder, texts.heldOut());
    assertThat(heldOut.auc()).isGreaterThan(0.98);
    assertThat(heldOut.accuracy()).isGreaterThan(0.9);
    // Case does not count.
    assertThat(
            Evaluation.of(
                    folder,
                    List.of(
                        new Line("table FROST river stone", 1), new Line("table paper river", 0)))
                .accuracy())
        .isEqualTo(1);
    assertThat(folder).isDirectoryNotContaining("glob:**.{part,before}");
    Path again = train(texts, "again");
    assertThat(
            Files.mismatch(folder.resolve("model.safetensors"), again.resolve("model.safetensors")))
        .isEqualTo(-1);
  }

  @Test
  void textsAreSplitByThemselvesAndFurtherOnesAreNotHeldOut() throws IOException {
    Path file = corpus(800);
    LabelledTexts texts = LabelledTexts.read(file, null, "cold");
    assertThat(texts.heldOut().size()).isBetween(50, 110);
    assertThat(texts.validation().size()).isBetween(40, 110);
    assertThat(texts.training()).doesNotContainAnyElementsOf(texts.heldOut());
    LabelledTexts more = LabelledTexts.read(file, file, "cold");
    assertThat(more.heldOut()).isEqualTo(texts.heldOut());
    assertThat(more.training()).hasSize(texts.training().size() + 800);
  }

  @Test
  void linesWithoutALabelAreRefused() throws IOException {
    Path file = Files.writeString(temporary.resolve("bad.jsonl"), "{\"text\": \"x\", \"cold\": 2}");
    assertThatThrownBy(() -> LabelledTexts.read(file, null, "cold"))
        .hasMessageContaining(
            "line 1 is not an object with the text \"text\" and \"cold\", 0 or 1. Correct it.");
    Path one = Files.writeString(temporary.resolve("one.jsonl"), "{\"text\": \"x\", \"cold\": 1}");
    assertThatThrownBy(() -> LabelledTexts.read(one, null, "cold"))
        .hasMessageContaining("each of both labels. Give more texts.");
  }

  @Test
  void areaIsTheShareOfPairsInOrderTiesByHalf() {
    Random random = new Random(3);
    for (int round = 0; round < 50; round++) {
      double[] scores = new double[12];
      int[] labels = new int[12];
      for (int i = 0; i < 12; i++) {
        scores[i] = random.nextInt(5) / 4.0;
        labels[i] = i < 2 ? i : random.nextInt(2);
      }
      double ordered = 0;
      int pairs = 0;
      for (int i = 0; i < 12; i++) {
        for (int j = 0; j < 12; j++) {
          if (labels[i] == 1 && labels[j] == 0) {
            pairs++;
            ordered += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
          }
        }
      }
      assertThat(Evaluation.auc(scores, labels))
          .isCloseTo(ordered / pairs, org.assertj.core.api.Assertions.within(1e-12));
    }
  }

  @Test
  void wrongOptionsAreToldTogether() {
    picocli.CommandLine command = new picocli.CommandLine(new TrainClassifierJob());
    List<String> told = new ArrayList<>();
    command.setExecutionExceptionHandler(
        (exception, parsed, result) -> {
          told.add(exception.getMessage());
          return 2;
        });
    int code =
        command.execute(
            "--input",
            "none.jsonl",
            "--label-column",
            "x",
            "--labels",
            "one",
            "--output",
            temporary.toString(),
            "--hidden",
            "10",
            "--dropout",
            "1");
    assertThat(code).isEqualTo(2);
    assertThat(told.get(0))
        .contains("--input none.jsonl: it must be a file that exists.")
        .contains("--labels one: it must be two names with a comma between.")
        .contains("--hidden 10: it must be a multiple of --heads.")
        .contains("--dropout 1.0: it must be in [0, 1).");
  }
}
