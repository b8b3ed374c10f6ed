package io.foresight.jobs.curate;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Rows as {@code generate} writes them, with what is to be found among them. Sentences are made of
 * lists of words; any two that are not planted differ by more than three words.
 */
final class PlantedRows {

  private static final String[] NOUNS =
      words(
          "dog cat farmer teacher nurse soldier pilot singer dancer baker painter student doctor sailor hunter driver"
              + " child woman man girl boy crowd team horse goat sheep rabbit eagle duck tiger monkey turtle bridge river"
              + " mountain valley forest meadow garden beach harbor market kitchen library museum theater stadium station"
              + " street corner window door table chair lamp mirror guitar violin drum piano camera bottle basket blanket"
              + " ladder hammer bucket candle letter journal map ticket umbrella helmet bicycle truck train boat canoe"
              + " airplane balloon kite statue fountain tower castle barn fence roof tunnel cave island desert storm cloud");

  private static final String[] VERBS =
      words(
          "watches carries paints follows greets repairs throws catches washes photographs describes admires lifts"
              + " pushes pulls opens closes draws builds cleans finds hides steals sells buys borrows guards leaves");

  private static final String[] ADJECTIVES =
      words(
          "old young tired happy quiet noisy brave lonely hungry curious wooden broken golden silver rusty empty heavy"
              + " narrow yellow purple green orange tiny giant gentle clever famous ancient modern muddy frozen sunny");

  private static final String[] PLACES =
      words("near behind beside under above inside outside beyond across around opposite against");

  private static final String[] TIMES =
      words(
          "slowly quickly today yesterday often rarely carefully suddenly again alone together early");

  private static final List<String> FUNCTION_WORDS = List.of("the", "a", "and");

  /** Templates of languages that are not wanted: words in their order, alternatives with bars. */
  private static final List<String> OTHERS =
      List.of(
          "der|die alte|junge|müde Lehrer|Bäcker|Frau|Schüler trägt|zeichnet|verkauft|findet eine schwere|leere|gelbe Flasche|Leiter|Laterne|Schachtel hinter|neben der langen Straße|Brücke|Mauer und schläft",
          "le|ce vieux|jeune petit boulanger|chanteur|soldat|garçon regarde|porte|cherche|trouve une belle|lourde|grande fenêtre|lampe|bouteille|voiture près|derrière de la maison|rivière|forêt pendant|avant la nuit",
          "el|ese viejo|joven perro|cantante|pintor|niño mira|lleva|busca|encuentra una pequeña|hermosa|larga ventana|botella|escalera|guitarra cerca|detrás de la iglesia|montaña|playa todas las mañanas|noches",
          "il|quel vecchio|giovane piccolo cantante|soldato|ragazzo|pittore guarda|porta|cerca|trova una bella|grande|vecchia finestra|bottiglia|chitarra|lampada vicino|dietro alla chiesa|montagna|spiaggia ogni giorno|sera");

  /** What a row was planted as. */
  enum Kind {
    CONTROL,
    EXACT,
    NEAR,
    LEAKED,
    FOREIGN,
    ERROR
  }

  /**
   * A row.
   *
   * @param of id of the row that it is like; {@code null} if of none
   */
  record Planted(String id, Kind kind, String text, double reward, String of) {}

  final List<Planted> rows = new ArrayList<>();
  final List<String> references = new ArrayList<>();
  private final boolean wide;
  private final Random random;
  private final List<String[]> accepted = new ArrayList<>();
  private final Map<String, List<Integer>> byWord = new HashMap<>();

  PlantedRows(int count, long seed) {
    this(count, seed, false);
  }

  /**
   * The same.
   *
   * @param wide whether the words are many more, so that sentences need not be compared with all
   *     before them to be distinct
   */
  PlantedRows(int count, long seed, boolean wide) {
    random = new Random(seed);
    this.wide = wide;
    int each = count / 50;
    for (int i = 0; i < each; i++) {
      references.add(sentence());
    }
    int controls = count - 6 * each - each / 2;
    for (int i = 0; i < controls; i++) {
      add(Kind.CONTROL, sentence(), 0.9 + 0.1 * random.nextDouble(), null);
    }
    for (int i = 0; i < 2 * each; i++) {
      Planted of = rows.get(random.nextInt(controls));
      String text = of.text();
      add(
          Kind.EXACT,
          i % 3 == 0
              ? text
              : i % 3 == 1 ? text.toUpperCase(Locale.ROOT) : "  " + text.replace(".", " !"),
          0.8,
          of.id());
    }
    for (int i = 0; i < 2 * each; i++) {
      Planted of = rows.get(random.nextInt(controls));
      add(Kind.NEAR, changed(of.text(), 1 + i % 3), 0.8, of.id());
    }
    for (int i = 0; i < each; i++) {
      String text = references.get(i);
      add(
          Kind.LEAKED,
          i % 2 == 0
              ? text.toUpperCase(Locale.ROOT)
              : "They say that " + text + " Nobody knows why this is so.",
          0.85,
          null);
    }
    for (int i = 0; i < each; i++) {
      add(Kind.FOREIGN, foreign(), 0.95, null);
    }
    for (int i = 0; i < each / 2; i++) {
      add(Kind.ERROR, null, 0, null);
    }
  }

  private void add(Kind kind, String text, double reward, String of) {
    rows.add(new Planted("r%06d".formatted(rows.size()), kind, text, reward, of));
  }

  private static String[] words(String list) {
    return list.split(" ");
  }

  private String any(String[] list) {
    String word = list[random.nextInt(list.length)];
    return wide ? NOUNS[random.nextInt(NOUNS.length)] + word : word;
  }

  /** A sentence of 8 to 15 words that shares fewer than all but three with each before it. */
  private String sentence() {
    while (true) {
      List<String> words = new ArrayList<>();
      words.addAll(List.of("the", any(ADJECTIVES), any(NOUNS), any(VERBS), "a"));
      if (random.nextBoolean()) {
        words.add(any(ADJECTIVES));
      }
      words.add(any(NOUNS));
      words.addAll(List.of(any(PLACES), "the"));
      if (random.nextBoolean()) {
        words.add(any(ADJECTIVES));
      }
      words.add(any(NOUNS));
      if (random.nextBoolean()) {
        words.addAll(List.of("and", any(VERBS), any(TIMES)));
      }
      if (words.size() < 8) {
        continue;
      }
      String[] made = words.toArray(String[]::new);
      if (wide || isDistinct(made)) {
        int place = accepted.size();
        accepted.add(made);
        for (String word : new java.util.TreeSet<>(words)) {
          byWord.computeIfAbsent(word, w -> new ArrayList<>()).add(place);
        }
        String text = String.join(" ", words);
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1) + ".";
      }
    }
  }

  /** Whether no earlier one has all but four of the words, whatever their order. */
  private boolean isDistinct(String[] words) {
    Map<Integer, Integer> common = new HashMap<>();
    List<String> own = Arrays.asList(words);
    for (String word : new java.util.TreeSet<>(own)) {
      if (FUNCTION_WORDS.contains(word)) {
        // In nearly all; counted below.
        continue;
      }
      for (int place : byWord.getOrDefault(word, List.of())) {
        common.merge(place, 1, Integer::sum);
      }
    }
    // Up to four of those are in any two.
    for (Map.Entry<Integer, Integer> entry : common.entrySet()) {
      int longest = Math.max(words.length, accepted.get(entry.getKey()).length);
      if (entry.getValue() + 4 >= longest - 3) {
        return false;
      }
    }
    return true;
  }

  private String changed(String text, int count) {
    List<String> words = new ArrayList<>(List.of(text.replace(".", "").split(" ")));
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      places.add(i);
    }
    java.util.Collections.shuffle(places, random);
    List<Integer> taken = places.stream().limit(count).sorted().toList();
    for (int i = taken.size() - 1; i >= 0; i--) {
      int at = taken.get(i);
      switch (random.nextInt(4)) {
        case 0 -> words.add(at, "really");
        case 1 -> words.remove(at);
        default -> words.set(at, "xylophone" + random.nextInt(50));
      }
    }
    return String.join(" ", words) + ".";
  }

  private String one(String[] list) {
    return list[random.nextInt(list.length)];
  }

  private String foreign() {
    String template = OTHERS.get(random.nextInt(OTHERS.size()));
    return Arrays.stream(template.split(" "))
            .map(word -> one(word.split("\\|")))
            .collect(Collectors.joining(" "))
        + ".";
  }

  /** The rows' ids of a kind. */
  List<String> ids(Kind kind) {
    return rows.stream().filter(row -> row.kind() == kind).map(Planted::id).toList();
  }

  /**
   * Writes them as a finished run.
   *
   * @param files how many they are cut into
   */
  Path write(Path folder, int files) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Files.createDirectories(folder.resolve("_foresight"));
    List<List<String>> parts = new ArrayList<>();
    for (int i = 0; i < files; i++) {
      parts.add(new ArrayList<>());
    }
    for (int i = 0; i < rows.size(); i++) {
      Planted row = rows.get(i);
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("id", row.id());
      values.put("concepts", List.of("prompt", row.id()).subList(0, 1 + i % 2));
      values.put("subject", "about " + row.id());
      values.put("output", row.text());
      values.put("reward", row.kind() == Kind.ERROR ? null : row.reward());
      values.put(
          "constraint_scores", row.kind() == Kind.ERROR ? null : Map.of("concepts", row.reward()));
      values.put("satisfied", row.kind() == Kind.ERROR ? null : true);
      values.put("status", row.kind() == Kind.ERROR ? "error" : "ok");
      values.put("error", row.kind() == Kind.ERROR ? "Cannot build a prompt." : null);
      values.put("tokens", row.kind() == Kind.ERROR ? null : 12);
      values.put("log_prob", row.kind() == Kind.ERROR ? null : -12.0);
      parts.get(i % files).add(json.writeValueAsString(values));
    }
    for (int i = 0; i < files; i++) {
      Files.write(folder.resolve("part-%05d-of-%05d-x.json".formatted(i, files)), parts.get(i));
    }
    Files.writeString(folder.resolve("_foresight/run.json"), manifest("1").toPrettyString());
    Files.createFile(folder.resolve("_SUCCESS"));
    return folder;
  }

  /** A {@code run.json} of {@code generate}. */
  static ObjectNode manifest(String seed) {
    ObjectNode run = new ObjectMapper().createObjectNode();
    run.put("job", "generate").put("state", "finished");
    run.putObject("identity")
        .put("job", "generate")
        .put("decoding.seed", seed)
        .put("models.target", "abc");
    ObjectNode settings = run.putObject("settings");
    settings.putObject("prompt").put("template", "{subject} =");
    settings.putObject("input").putObject("columns").put("id", "id").put("concepts", "concepts");
    settings.putObject("output").put("format", "jsonl").put("prefix", "");
    run.putObject("plan").put("shards", 4).putArray("segments").addObject().put("rows", 100);
    return run;
  }

  Path writeReferences(Path file) throws IOException {
    return Files.write(file, references);
  }
}
