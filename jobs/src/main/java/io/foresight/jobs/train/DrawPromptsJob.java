package io.foresight.jobs.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.reward.RewardFunction.RowReward;
import io.foresight.reward.text.KeywordCoverage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Draws prompts that are hard for a model of a corpus: of words that it knows, and no two of which
 * it has ever met in one line. Words are drawn as often as lines name them. The same files, options
 * and seed give the same prompts.
 */
@Command(
    name = "draw-prompts",
    description =
        "Draws prompts of words no two of which meet in a line of a training corpus, in any inflected form.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
public final class DrawPromptsJob implements Callable<Integer> {

  /** Words that are tried as the next one of a prompt before it is begun anew. */
  private static final int TRIES = 200;

  /** Prompts that are begun for one that is found, at most. */
  private static final int STARTS = 1000;

  /** Prompts that are begun in vain, one after the other, until there are held to be no more. */
  private static final int MOST_IN_VAIN = 100_000;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "FILE",
      description =
          "JSONL of {\"concepts\": [...], \"text\": \"...\"}; may be given more than once.")
  private List<Path> inputs;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "Gets {\"id\": \"...\", \"concepts\": [...]} per line.")
  private Path output;

  @Option(names = "--rows", paramLabel = "N", description = "Prompts.")
  private int rows = 200;

  @Option(names = "--words", paramLabel = "N", description = "Words of each.")
  private int words = 5;

  @Option(
      names = "--named",
      paramLabel = "N",
      description = "Words that at least so many lines name.")
  private int named = 50;

  @Option(names = "--seed", paramLabel = "S", description = "Seed of the draw.")
  private long seed = 1;

  /** A line's words. */
  private record Line(Set<String> concepts, String text) {}

  @Override
  public Integer call() throws IOException {
    OptionProblems problems = new OptionProblems();
    inputs.forEach(input -> problems.requireFile("--input", input));
    problems.requireAtLeast(1, "--rows", rows);
    problems.requireAtLeast(2, "--words", words);
    problems.requireAtLeast(1, "--named", named);
    problems.finish();
    List<Line> lines = new ArrayList<>();
    Corpus.read(
        inputs,
        node -> node.path("concepts").isArray() && node.path("text").isTextual(),
        "the list \"concepts\" and the text \"text\"",
        node -> lines.add(line(node)));
    List<List<String>> prompts = draw(lines);
    ObjectMapper mapper = new ObjectMapper();
    List<String> json = new ArrayList<>();
    for (List<String> prompt : prompts) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("id", "h%03d".formatted(json.size() + 1));
      row.put("concepts", prompt);
      json.add(mapper.writeValueAsString(row));
    }
    Files.write(output, json);
    System.out.printf("%d prompts of %d words in %s%n", prompts.size(), words, output);
    return 0;
  }

  private static Line line(JsonNode node) {
    Set<String> concepts = new HashSet<>();
    node.get("concepts").forEach(c -> concepts.add(c.asText().toLowerCase(Locale.ROOT)));
    return new Line(concepts, node.get("text").asText());
  }

  private List<List<String>> draw(List<Line> lines) {
    Map<String, Integer> counts = new TreeMap<>();
    lines.forEach(line -> line.concepts().forEach(c -> counts.merge(c, 1, Integer::sum)));
    List<String> known = new ArrayList<>();
    List<Integer> urn = new ArrayList<>();
    counts.forEach(
        (word, count) -> {
          // Of others nobody can tell whether a text has them.
          if (count >= named && KeywordCoverage.isConcept(word)) {
            for (int i = 0; i < count; i++) {
              urn.add(known.size());
            }
            known.add(word);
          }
        });
    BitSet[] met = known.isEmpty() ? new BitSet[0] : met(lines, known);
    Random random = new Random(seed);
    Set<Set<Integer>> drawn = new HashSet<>();
    List<List<String>> prompts = new ArrayList<>();
    int inVain = 0;
    for (long start = 0; start < (long) STARTS * rows && prompts.size() < rows; start++) {
      List<Integer> prompt = prompt(urn, met, random);
      inVain++;
      if (prompt.size() == words && drawn.add(Set.copyOf(prompt))) {
        prompts.add(prompt.stream().map(known::get).toList());
        inVain = 0;
      }
      if (inVain == MOST_IN_VAIN) {
        break;
      }
    }
    if (prompts.size() < rows) {
      throw new IllegalArgumentException(
          "Cannot draw %d prompts of %d words from %s: %d were found. Give fewer, shorter, or a lower --named."
              .formatted(rows, words, inputs, prompts.size()));
    }
    return prompts;
  }

  private List<Integer> prompt(List<Integer> urn, BitSet[] met, Random random) {
    List<Integer> prompt = new ArrayList<>();
    for (int tries = 0; tries < TRIES && prompt.size() < words && !urn.isEmpty(); tries++) {
      int word = urn.get(random.nextInt(urn.size()));
      if (prompt.stream().noneMatch(met[word]::get)) {
        prompt.add(word);
      }
    }
    return prompt;
  }

  /** For each known word those that it meets in a line, itself included. */
  private static BitSet[] met(List<Line> lines, List<String> known) {
    BitSet[] met = new BitSet[known.size()];
    Map<String, Integer> places = new HashMap<>();
    for (int i = 0; i < met.length; i++) {
      met[i] = new BitSet();
      met[i].set(i);
      places.put(known.get(i), i);
    }
    // What a text has is what the reward will find in it.
    RowReward all =
        new KeywordCoverage("concepts", "forms").forRow(Map.of("concepts", known)).orElseThrow();
    for (Line line : lines) {
      BitSet together = new BitSet();
      line.concepts().stream().filter(places::containsKey).map(places::get).forEach(together::set);
      all.parts(line.text())
          .forEach(
              (word, score) -> {
                if (score > 0) {
                  together.set(places.get(word));
                }
              });
      together.stream().forEach(word -> met[word].or(together));
    }
    return met;
  }
}
