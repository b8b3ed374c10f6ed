package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.foresight.Page;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What docs/own-rewards.md shows, taken from there and run. */
@Timeout(120)
class OwnRewardsPageTest {

  private static Page page;

  @TempDir private Path folder;

  @BeforeAll
  static void read() throws IOException {
    page = Page.of("own-rewards.md");
  }

  @Test
  void theClassScoresFromItsJar() throws IOException {
    RewardSpec spec =
        RewardSpec.of("letters", Map.of("type", "alliteration", "words", 4, "timeout", "5s"));
    try (URLClassLoader loader =
            new URLClassLoader(
                new URL[] {page.jar(folder, "Alliteration").toUri().toURL()},
                OwnRewardsPageTest.class.getClassLoader());
        Rewards rewards = OtherRewards.open(loader, spec)) {
      assertThat(rewards.columns()).containsExactly("letter");
      RowRewards row = rewards.forRow(Map.of("letter", "p"));
      assertThat(row.outcome("Peter picked a plum.").scores()).containsEntry("letters", 0.75);
      assertThat(row.outcome("Peter picked a purple plum.").satisfied()).isTrue();
      assertThat(rewards.forRow(Map.of()).criteria()).isEmpty();
      assertThatThrownBy(() -> rewards.forRow(Map.of("letter", "pq")))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("reward letters: Cannot read column letter: \"pq\" is no letter");
      RewardSpec wrong = RewardSpec.of("letters", Map.of("type", "alliteration", "words", 0));
      assertThatThrownBy(() -> OtherRewards.open(loader, wrong))
          .isInstanceOf(InvalidRewardsException.class)
          .hasMessageContaining("rewards.letters.words = 0: ");
    }
  }

  private static void assertCountsWords(List<String> command) {
    RewardSpec spec =
        RewardSpec.of(
            "length",
            Map.of(
                "type",
                "command",
                "command",
                command,
                "columns",
                "words",
                "timeout",
                "60s",
                "judges-unfinished",
                true));
    try (Rewards rewards = Rewards.open(spec, TextScorer.Source.ELSEWHERE)) {
      RowRewards row = rewards.forRow(Map.of("words", 4));
      assertThat(
              row.judge(
                  List.of("A \"dog\" runs\nfast.", "Über \\ alles", "a b c d e f g h i"),
                  new boolean[] {true, true, false}))
          .extracting(judgement -> judgement.reward())
          .containsExactly(1.0, 0.75, 0.0);
      RowRewards without = rewards.forRow(Map.of());
      assertThatThrownBy(() -> without.outcome("A dog"))
          .isInstanceOf(RewardException.class)
          .hasMessageStartingWith("Cannot score with reward length: Cannot count: the row has no");
      assertThat(row.outcome("A dog").reward()).isEqualTo(0.5);
    }
    assertThat(
            ProcessHandle.current()
                .descendants()
                .filter(handle -> handle.isAlive() && !Watchdog.is(handle)))
        .isEmpty();
  }

  @Test
  void theJavaProgramScores() throws IOException {
    Path program = folder.resolve("WordCount.java");
    Files.writeString(program, page.block("java", "class WordCount"));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    assertCountsWords(List.of(java, program.toString()));
  }

  @Test
  void thePythonProgramScores() throws IOException {
    assumeTrue(
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(path -> Files.isExecutable(Path.of(path, "python3"))));
    Path program = folder.resolve("word_count.py");
    Files.writeString(program, page.block("python", "import json"));
    assertCountsWords(List.of("python3", program.toString()));
  }
}
