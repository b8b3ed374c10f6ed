package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.foresight.decoding.Judgement;
import io.foresight.model.classifier.SequenceClassifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs the examples of docs/rewards.md, and holds its tables of settings to the code. */
class DocumentedRewardsTest {

  private static final Pattern SECTION = Pattern.compile("(?ms)^## ([a-z-]+)$(.*?)(?=^## |\\z)");
  private static final Pattern EXAMPLE =
      Pattern.compile("(?ms)^```\\R(rewards\\..*?)^```$\\R\\R((?:^\\|[^\\n]*\\n?)+)");
  private static final Pattern SETTINGS =
      Pattern.compile("(?m)^\\| setting .*\\R.*\\R((?:^\\|.*\\R)+)");
  private static final Pattern KNOWN = Pattern.compile("no setting of this reward. It has (.*)\\.");

  private record Section(String type, String body) {

    @Override
    public String toString() {
      return type;
    }
  }

  static List<Section> sections() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "rewards.md"));
    return SECTION
        .matcher(page)
        .results()
        .map(of -> new Section(of.group(1), of.group(2)))
        .toList();
  }

  @Test
  void everyTypeIsDocumented() throws IOException {
    Set<String> types = new TreeSet<>(RewardTypes.all().keySet());
    // Programs have a page of their own, docs/own-rewards.md.
    types.remove("command");
    assertThat(sections().stream().map(Section::type)).containsExactlyInAnyOrderElementsOf(types);
  }

  @ParameterizedTest
  @MethodSource("sections")
  void settingsAreThoseThatAreRead(Section section) {
    RewardFactory factory = RewardTypes.all().get(section.type());
    String known =
        Made.problems(factory, Map.of("nothing-of-the-kind", 1)).stream()
            .flatMap(problem -> KNOWN.matcher(problem).results())
            .map(of -> of.group(1))
            .findFirst()
            .orElseThrow();
    MatchResult table = SETTINGS.matcher(section.body()).results().findFirst().orElseThrow();
    Set<String> documented = new TreeSet<>();
    rows(table.group(1)).forEach(row -> documented.add(unquoted(row.get(0))));
    assertThat(documented).isEqualTo(new TreeSet<>(Arrays.asList(known.split(", "))));
  }

  /** Those whose scores need no model of the reader's. */
  static Stream<Section> withExamples() throws IOException {
    return sections().stream().filter(section -> !section.type().equals("reward-model"));
  }

  /** A model that comes with the project, loaded for as long as the examples need it. */
  private record Loaded(SequenceClassifier classifier) implements TextScorer, AutoCloseable {

    static Loaded of(String location) {
      return new Loaded(SequenceClassifier.load(Path.of("..", location), Device.cpu()));
    }

    @Override
    public List<String> labels() {
      return classifier.labels();
    }

    @Override
    public List<float[]> score(List<String> texts) {
      List<int[]> ids = texts.stream().map(classifier::encode).toList();
      return Arrays.stream(classifier.logits(ids)).map(classifier.problem()::scores).toList();
    }

    @Override
    public void close() {
      classifier.close();
    }
  }

  @ParameterizedTest
  @MethodSource("withExamples")
  void examplesScoreAsTheySay(Section section) throws IOException {
    List<MatchResult> examples = EXAMPLE.matcher(section.body()).results().toList();
    assertThat(examples).isNotEmpty();
    for (MatchResult example : examples) {
      Config rewards = ConfigFactory.parseString(example.group(1)).getConfig("rewards");
      String name = rewards.root().keySet().iterator().next();
      Map<String, Object> settings = rewards.getConfig(name).root().unwrapped();
      assertThat(settings).containsEntry("type", section.type());
      List<Loaded> loaded = new ArrayList<>();
      TextScorer.Source source =
          location -> {
            loaded.add(Loaded.of(location));
            return loaded.get(0);
          };
      try (Rewards open = Rewards.open(RewardSpec.of(name, settings), source)) {
        List<List<String>> table = rows(example.group(2)).toList();
        for (List<String> row : table.subList(2, table.size())) {
          check(open, table.get(0), row);
        }
      } finally {
        loaded.forEach(Loaded::close);
      }
    }
  }

  private static void check(Rewards rewards, List<String> header, List<String> cells)
      throws IOException {
    Map<String, Object> row = new HashMap<>();
    int columns = header.size() - 2;
    for (int i = 0; i < columns; i++) {
      row.put(header.get(i), new ObjectMapper().readValue(unquoted(cells.get(i)), Object.class));
    }
    String text = unquoted(cells.get(columns));
    String expected = cells.get(columns + 1);
    if (expected.equals("error")) {
      assertThatThrownBy(() -> rewards.forRow(row)).isInstanceOf(RewardException.class);
      return;
    }
    boolean finished = !text.endsWith("\u2026");
    Judgement judgement =
        rewards
            .forRow(row)
            .judge(
                List.of(finished ? text : text.substring(0, text.length() - 1)),
                new boolean[] {finished})
            .get(0);
    int decimals = expected.contains(".") ? expected.length() - expected.indexOf('.') - 1 : 9;
    assertThat(judgement.parts()).as("%s", cells).hasSize(1);
    assertThat(judgement.parts()[0])
        .as("%s", cells)
        .isCloseTo(Double.parseDouble(expected), within(0.5 * Math.pow(10, -decimals)));
  }

  private static Stream<List<String>> rows(String table) {
    return table
        .lines()
        .map(
            line ->
                Arrays.stream(line.substring(1, line.lastIndexOf('|')).split("\\|", -1))
                    .map(String::strip)
                    .toList());
  }

  private static String unquoted(String cell) {
    assertThat(cell).startsWith("`").endsWith("`");
    return cell.substring(1, cell.length() - 1);
  }
}
