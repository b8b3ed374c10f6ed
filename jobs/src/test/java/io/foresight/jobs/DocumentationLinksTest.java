package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.settings.Catalog;
import io.foresight.settings.Setting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/**
 * What the pages name is there: the files and headings that they link to, the files of {@code
 * conf/}, and the jobs, options and settings that they show.
 */
class DocumentationLinksTest {

  private static final Path HOME = Path.of("..");

  private static final Pattern FENCED = Pattern.compile("(?ms)^```.*?^```[^\\n]*$");
  private static final Pattern INLINE = Pattern.compile("(?<!`)`([^`]+)`(?!`)");
  private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.*?) *#*$");
  private static final Pattern ELSEWHERE = Pattern.compile("[a-z]+:.*");
  private static final Pattern COMMAND = Pattern.compile("\\./submit\\.sh((?: [^\\n]*)?)");
  private static final Pattern WORD = Pattern.compile("(?:\"[^\"]*\"|'[^']*'|[^\\s\"'])+");
  private static final Pattern CONF = Pattern.compile("\\bconf/[\\w.-]+\\w");

  /** An inline {@code key} or {@code key = value}. */
  private static final Pattern KEY = Pattern.compile("([a-z]+\\.[A-Za-z0-9.-]+)(?: ?=.*)?");

  /** The first cell of a row, which in the page of figures is a figure's name. */
  private static final Pattern FIGURE = Pattern.compile("(?m)^\\| `[^`]+` \\|");

  /** Named as a setting might be. */
  private static final Set<String> FILES = Set.of("run.json");

  private static final Map<Path, String> PAGES = new LinkedHashMap<>();
  private static final Map<String, CommandSpec> JOBS = new HashMap<>();
  private static final Set<String> SETTINGS = new HashSet<>();
  private static final Set<String> SECTIONS = new HashSet<>();

  @BeforeAll
  static void read() throws IOException {
    PAGES.clear();
    try (Stream<Path> docs = Files.list(HOME.resolve("docs"))) {
      List<Path> pages = new ArrayList<>(docs.filter(p -> p.toString().endsWith(".md")).toList());
      pages.add(HOME.resolve("README.md"));
      pages.add(HOME.resolve("examples/README.md"));
      for (Path page : pages) {
        PAGES.put(page, Files.readString(page));
      }
    }
    for (Class<?> job : Main.class.getAnnotation(Command.class).subcommands()) {
      CommandSpec spec = new CommandLine(job).getCommandSpec();
      JOBS.put(spec.name(), spec);
    }
    for (Setting<?> setting : Catalog.load().settings()) {
      SETTINGS.add(setting.key());
      SECTIONS.add(setting.key().split("\\.")[0]);
    }
    Pattern.compile(" Also (`.*`)\\. \\|\\n")
        .matcher(Catalog.load().table())
        .results()
        .flatMap(row -> matches(INLINE, row.group(1)))
        .forEach(alias -> SETTINGS.add(alias.group(1)));
  }

  private static Stream<MatchResult> matches(Pattern pattern, String text) {
    return pattern.matcher(text).results();
  }

  private static String withoutBlocks(String page) {
    return FENCED.matcher(page).replaceAll("");
  }

  /** The name by which GitHub links to each heading of a page. */
  private static Set<String> anchors(String page) {
    Map<String, Integer> seen = new HashMap<>();
    return matches(HEADING, withoutBlocks(page))
        .map(
            heading -> {
              String slug =
                  LINK.matcher(heading.group(1))
                      .replaceAll(link -> link.group().replaceAll("^\\[|\\].*", ""))
                      .toLowerCase(Locale.ROOT)
                      .replaceAll("[^\\p{L}\\p{M}\\p{N}\\p{Pc} -]", "")
                      .replace(' ', '-');
              int before = seen.merge(slug, 1, Integer::sum) - 1;
              return before == 0 ? slug : slug + "-" + before;
            })
        .collect(Collectors.toSet());
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    int links = 0;
    for (Map.Entry<Path, String> page : PAGES.entrySet()) {
      String prose = INLINE.matcher(withoutBlocks(page.getValue())).replaceAll("code");
      for (MatchResult link : matches(LINK, prose).toList()) {
        String target = link.group(1);
        if (!ELSEWHERE.matcher(target).matches()) {
          links++;
          if (!leadsSomewhere(page.getKey(), target)) {
            broken.add(page.getKey() + ": " + target);
          }
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(links).isPositive();
  }

  private static boolean leadsSomewhere(Path page, String target) throws IOException {
    int hash = target.indexOf('#');
    String name = hash < 0 ? target : target.substring(0, hash);
    Path file = name.isEmpty() ? page : page.resolveSibling(name).normalize();
    return Files.exists(file)
        && (hash < 0 || anchors(Files.readString(file)).contains(target.substring(hash + 1)));
  }

  @Test
  void headingsAreNamedAsGitHubNamesThem() {
    String page =
        """
        # Adding a family
        ## Strategies (`decoding.strategy`)
        ## `cdsl`, one iteration
        ```
        # a comment
        ```
        ## Adding a family
        """;
    assertThat(anchors(page))
        .containsExactlyInAnyOrder(
            "adding-a-family",
            "strategies-decodingstrategy",
            "cdsl-one-iteration",
            "adding-a-family-1");
  }

  @Test
  void filesOfConfAreThere() {
    List<String> missing = new ArrayList<>();
    PAGES.forEach(
        (page, text) ->
            matches(CONF, text)
                .map(MatchResult::group)
                .filter(name -> !Files.isRegularFile(HOME.resolve(name)))
                .forEach(name -> missing.add(page + ": " + name)));
    assertThat(missing).isEmpty();
  }

  /** The words after {@code submit.sh} of every command, in blocks and within lines. */
  private static List<List<String>> commands(String page) {
    List<String> pieces = new ArrayList<>();
    matches(FENCED, page).forEach(block -> pieces.add(block.group()));
    matches(INLINE, withoutBlocks(page)).forEach(code -> pieces.add(code.group(1)));
    return pieces.stream()
        .map(piece -> piece.replaceAll("\\\\\\n\\s*", ""))
        .flatMap(piece -> matches(COMMAND, piece))
        .map(command -> command.group(1).replaceAll("\\s#.*", ""))
        .map(command -> matches(WORD, command).map(MatchResult::group).toList())
        // What is said of the script alone, and of any job.
        .filter(words -> !words.isEmpty() && !words.contains("JOB"))
        .toList();
  }

  @Test
  void commandsAreJobsWithTheirOptions() {
    List<String> wrong = new ArrayList<>();
    int commands = 0;
    for (Map.Entry<Path, String> page : PAGES.entrySet()) {
      for (List<String> words : commands(page.getValue())) {
        commands++;
        problems(words).forEach(problem -> wrong.add(page.getKey() + ": " + problem));
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(commands).isPositive();
  }

  private static List<String> problems(List<String> words) {
    // What precedes -- is for spark-submit.
    List<String> own = words.subList(words.indexOf("--") + 1, words.size());
    CommandSpec job = own.isEmpty() ? null : JOBS.get(own.get(0));
    if (job == null) {
      return List.of("no job in " + words);
    }
    List<String> problems = new ArrayList<>();
    for (String word : own) {
      String option = word.replaceAll("^\\[|\\]$", "").split("=", 2)[0];
      if (option.startsWith("--") && job.findOption(option) == null) {
        problems.add(job.name() + " has no " + option);
      }
    }
    return problems;
  }

  private static boolean isSetting(String key) {
    // The last is that of the strategy which docs/own-strategies.md makes.
    return SETTINGS.contains(key)
        || key.startsWith("rewards.")
        || key.equals("decoding.prompt-lookup.ngram");
  }

  @Test
  void settingsThatCommandsSetAreThere() {
    List<String> unknown = new ArrayList<>();
    PAGES.forEach(
        (page, text) ->
            matches(Pattern.compile("--set[ =]([A-Za-z][\\w.-]*)="), text)
                .map(set -> set.group(1))
                // The form itself, as the pages describe it.
                .filter(key -> !key.equals("key"))
                .filter(key -> !isSetting(key))
                .forEach(key -> unknown.add(page + ": " + key)));
    assertThat(unknown).isEmpty();
  }

  @Test
  void settingsThatPagesNameAreThere() {
    List<String> unknown = new ArrayList<>();
    int named = 0;
    for (Map.Entry<Path, String> page : PAGES.entrySet()) {
      String prose = withoutBlocks(page.getValue());
      if (page.getKey().endsWith("figures.md")) {
        prose = FIGURE.matcher(prose).replaceAll("| |");
      }
      for (MatchResult code : matches(INLINE, prose).toList()) {
        Matcher setting = KEY.matcher(code.group(1));
        String key = setting.matches() ? setting.group(1) : "";
        if (SECTIONS.contains(key.split("\\.")[0]) && !FILES.contains(key)) {
          named++;
          if (!isSetting(key)) {
            unknown.add(page.getKey() + ": " + key);
          }
        }
      }
    }
    assertThat(unknown).isEmpty();
    assertThat(named).isPositive();
  }

  @Test
  void whatIsNotThereIsFound() throws IOException {
    Path page = HOME.resolve("README.md");
    assertThat(leadsSomewhere(page, "docs/settings.md#settings")).isTrue();
    assertThat(leadsSomewhere(page, "docs/none.md")).isFalse();
    assertThat(leadsSomewhere(page, "docs/settings.md#none")).isFalse();
    assertThat(commands("```\n./submit.sh --conf a=b -- generate \\\n  --limit 3 # one\n```"))
        .containsExactly(List.of("--conf", "a=b", "--", "generate", "--limit", "3"));
    assertThat(problems(List.of("--conf", "a=b", "--", "generate", "--limit", "3"))).isEmpty();
    assertThat(problems(List.of("generate", "--limits", "3")))
        .containsExactly("generate has no --limits");
    assertThat(problems(List.of("generates"))).hasSize(1);
    assertThat(isSetting("decoding.d")).isTrue();
    assertThat(isSetting("decoding.lookahaed")).isFalse();
  }
}
