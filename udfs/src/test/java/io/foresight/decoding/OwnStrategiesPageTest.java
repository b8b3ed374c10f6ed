package io.foresight.decoding;

import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.Page;
import io.foresight.decoding.check.Case;
import io.foresight.decoding.check.StrategyChecks;
import io.foresight.settings.Catalog;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What docs/own-strategies.md shows, taken from there and run. */
@Timeout(120)
class OwnStrategiesPageTest {

  private static final String NAME = "prompt-lookup";
  private static final String NGRAM = "decoding.prompt-lookup.ngram";

  @TempDir private static Path folder;

  private static ClassLoader before;
  private static URLClassLoader jar;
  private static Page page;

  @BeforeAll
  static void seeTheJar() throws IOException {
    page = Page.of("own-strategies.md");
    before = Thread.currentThread().getContextClassLoader();
    jar =
        new URLClassLoader(
            new URL[] {page.jar(folder, "PromptLookup").toUri().toURL()},
            OwnStrategiesPageTest.class.getClassLoader());
    Thread.currentThread().setContextClassLoader(jar);
  }

  @AfterAll
  static void forgetIt() throws IOException {
    Thread.currentThread().setContextClassLoader(before);
    jar.close();
  }

  private static Settings lookup(Settings settings) {
    return settings.with(STRATEGY, NAME);
  }

  private static Setting<?> ngram() {
    return Catalog.load().settings().stream()
        .filter(setting -> setting.key().equals(NGRAM))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void itsStrategyIsOneOfThem() {
    assertThat(Strategies.names()).contains("greedy", NAME);
    assertThat(Strategies.of(lookup(Settings.defaults())).name()).isEqualTo(NAME);
  }

  @Test
  void itsSettingIsDeclared() {
    assertThat(ngram().byDefault()).isEqualTo(2);
    assertThat(ngram().description()).endsWith("before; at least 1.");
    assertThat(IdleSettings.of(Settings.defaults()))
        .containsEntry(NGRAM, "cdsl does not read it; prompt-lookup does");
    assertThat(IdleSettings.of(lookup(Settings.defaults())))
        .doesNotContainKey(NGRAM)
        .containsEntry(
            "decoding.temperature",
            "prompt-lookup samples nothing under decoding.verification = hard");
  }

  @Test
  void itDecodesAsGreedyDoesInFewerForwards() {
    long forwards = 0;
    long ofGreedy = 0;
    for (long seed = 0; seed < 300; seed++) {
      Case c = Case.of(seed);
      Settings settings =
          c.settings().with(DecodingSettings.VERIFICATION, DecodingSettings.Verification.HARD);
      Generation greedy = c.with(settings.with(STRATEGY, "greedy")).decode();
      Generation own = c.with(lookup(settings)).decode();
      assertThat(own.tokens()).isEqualTo(greedy.tokens());
      if (c.rules() != LogitsRules.NONE) {
        // Rules against repetition leave little to look up.
        continue;
      }
      forwards += own.counters().targetForwards();
      ofGreedy += greedy.counters().targetForwards();
    }
    assertThat(forwards).isLessThan(ofGreedy * 9 / 10);
  }

  @Test
  void itKeepsWhatItClaims() {
    StrategyFactory factory =
        Strategies.all().stream().filter(one -> one.name().equals(NAME)).findFirst().orElseThrow();
    assertThat(new StrategyChecks(factory).violations(1, 300)).isEmpty();
  }

  @Test
  void thePageListsTheKit() throws IOException {
    List<String> open = new ArrayList<>();
    for (String room : List.of("search", "hypothesis")) {
      try (Stream<Path> files =
          Files.list(Path.of("src/main/java/io/foresight/decoding").resolve(room))) {
        files
            .filter(file -> isPublic(file))
            .map(file -> file.getFileName().toString().replace(".java", ""))
            .forEach(open::add);
      }
    }
    String table = page.text().substring(page.text().indexOf("| class | what for |"));
    assertThat(
            Pattern.compile("(?m)^\\| `(\\w+)` \\|").matcher(table).results().map(r -> r.group(1)))
        .containsExactlyInAnyOrderElementsOf(open);
  }

  private static boolean isPublic(Path file) {
    try {
      return Pattern.compile("(?m)^public ").matcher(Files.readString(file)).find();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void thePageListsThePromises() {
    for (StrategyFactory.Promise promise : StrategyFactory.Promise.values()) {
      assertThat(page.text()).contains("| `" + promise + "` |");
    }
  }
}
