package io.foresight.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.reward.text.Stemmer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConceptCorpusTest {

  @TempDir Path folder;

  @Test
  void cleans() {
    assertThat(ConceptCorpus.clean("a dog  did n't run , it 's old ."))
        .contains("A dog didn't run, it's old.");
    assertThat(ConceptCorpus.clean("The dog runs!!")).as("three words").isEmpty();
    assertThat(ConceptCorpus.clean("a dog \u00a9 runs in here")).isEmpty();
    assertThat(ConceptCorpus.clean("3 dogs run in the park")).isEmpty();
    assertThat(ConceptCorpus.clean("word ".repeat(40))).isEmpty();
  }

  private static List<String> concepts(Corpus.Line line) {
    assertThat(line.prompt()).endsWith(" =");
    return List.of(line.prompt().substring(0, line.prompt().length() - 2).split(" "));
  }

  @Test
  void noSetOfConceptsIsOnBothSides() throws IOException {
    ConceptCorpus corpus = TinyCorpus.write(folder);
    assertThat(corpus.heldOut()).isNotEmpty();
    Set<Set<String>> trained =
        corpus.training().stream().map(l -> Set.copyOf(concepts(l))).collect(Collectors.toSet());
    assertThat(corpus.heldOut()).noneMatch(l -> trained.contains(Set.copyOf(concepts(l))));
    assertThat(corpus.heldOutRows())
        .isEqualTo(
            corpus.heldOut().stream()
                .map(l -> Map.<String, Object>of("concepts", concepts(l)))
                .distinct()
                .toList());
  }

  @Test
  void augmentsWithWordsOfTheSentence() throws IOException {
    // "small", "old" and "hold" are concepts elsewhere, so they may be asked for here.
    List<String> lines = new ArrayList<>(Files.readAllLines(TinyCorpus.file(folder)));
    lines.add(
        "{\"concepts\": [\"small\", \"old\", \"hold\"], \"text\": \"hold the small old dog\"}");
    ConceptCorpus corpus =
        ConceptCorpus.read(
            List.of(Files.write(folder.resolve("more.jsonl"), lines)), TinyCorpus.PROMPT);
    Random random = new Random(1);
    Map<Integer, Integer> sizes = new HashMap<>();
    boolean shuffled = false;
    for (int i = 0; i < 300; i++) {
      Corpus.Line line = corpus.training().get(i % 200);
      Corpus.Line varied = corpus.vary(i % 200, random);
      assertThat(varied.text()).isEqualTo(line.text());
      assertThat(varied.wholly()).as("the loss is on the sentence only").isFalse();
      List<String> concepts = concepts(varied);
      Set<String> stems =
          Arrays.stream(line.text().toLowerCase(java.util.Locale.ROOT).split("[^a-z]+"))
              .map(Stemmer::stem)
              .collect(Collectors.toSet());
      assertThat(concepts)
          .containsAll(concepts(line))
          .doesNotHaveDuplicates()
          .allMatch(c -> stems.contains(Stemmer.stem(c)));
      sizes.merge(concepts.size(), 1, Integer::sum);
      shuffled |= !concepts.subList(0, 3).equals(concepts(line));
    }
    assertThat(shuffled).isTrue();
    assertThat(sizes.keySet()).containsExactlyInAnyOrder(3, 4, 5);
    assertThat(sizes.values()).allMatch(count -> count > 60);
  }

  @Test
  void namesTheLineThatItCannotRead() throws IOException {
    for (String bad : List.of("{\"concepts\": \"dog\", \"text\": \"A dog.\"}", "{\"concepts\"")) {
      Path file =
          Files.write(
              folder.resolve("bad.jsonl"),
              List.of("{\"concepts\": [\"dog\"], \"text\": \"A dog runs in the park.\"}", bad));
      assertThatThrownBy(() -> ConceptCorpus.read(List.of(file), TinyCorpus.PROMPT))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("line 2 is not an object");
    }
  }
}
