package io.foresight.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ReportTextTest {

  @Test
  void saysWhatCameOut() {
    String text = ReportText.of(ReportFixture.comparison());
    assertThat(text)
        .startsWith("# Strategies beside each other\n\n- On commongen-dev cdsl-tree puts")
        .contains("\n    ./submit.sh evaluate --variants conf/strategies.conf")
        .contains("## Results on commongen-dev", "## Results on harmless-prompts")
        .contains("99.5 % (99.1 to 99.9)")
        .contains("| 2.57 (2.53 to 2.61) |")
        .contains("+40.0 points (36.9 to 43.1)")
        .contains("< 0.0001")
        .contains("- greedy, unsatisfied, reward 0.333, lacks `kite, beach`: `A child flies a.`")
        .contains("### Satisfied, by number of constraints");
  }

  /** Else a terminal shows what a reader must sort out first. */
  @Test
  void columnsStandBelowEachOther() {
    String text = ReportText.of(ReportFixture.comparison());
    List<String> table =
        text.lines()
            .dropWhile(line -> !line.startsWith("| variant"))
            .takeWhile(line -> line.startsWith("|"))
            .toList();
    assertThat(table).hasSize(2 + 6);
    assertThat(table.stream().map(String::length).distinct()).hasSize(1);
    assertThat(table.get(0).length()).isLessThanOrEqualTo(125);
    assertThat(table.get(1)).containsPattern("\\| -+ \\| -+: \\|");
  }

  @Test
  void leavesOutWhatThereIsNot() {
    String text = ReportText.of(ReportFixture.single());
    assertThat(text).contains("## Results\n", "## Examples\n").contains("`A text, number 2`");
    assertThat(text).doesNotContain("###  ", "NaN", "null", "lacks", "reward", "Steps", "Paired");
    assertThat(ReportText.of(ReportFixture.empty())).doesNotContain("##", "|");
  }

  @Test
  void textsNeitherFormatNorCommand() {
    String text = ReportText.of(ReportFixture.hostile());
    assertThat(text.chars().filter(c -> c < ' ' && c != '\n')).isEmpty();
    assertThat(text).doesNotContain("\u202e", "\u2028");
    // Markup only within code spans: what is left without them has none.
    String outside =
        text.lines()
            .filter(line -> !line.startsWith("    "))
            .map(line -> line.replaceAll("(`+)(?!`).*?(?<!`)\\1(?!`)", ""))
            .collect(Collectors.joining("\n"));
    assertThat(outside).doesNotContainPattern("(?<!\\\\)<(?! )").doesNotContain("@someone");
    assertThat(text.lines().mapToInt(String::length).max().orElse(0)).isLessThan(1000);
  }
}
