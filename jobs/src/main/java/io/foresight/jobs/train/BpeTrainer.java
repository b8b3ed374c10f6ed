package io.foresight.jobs.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.model.text.ByteAlphabet;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Learns a byte-level BPE vocabulary (Sennrich et al. 2016, on bytes as GPT-2) and writes it as
 * Hugging Face's {@code tokenizer.json}. Deterministic: among equally frequent pairs the one with
 * the lower ids merges first.
 */
final class BpeTrainer {

  static final String PAD = "<pad>";
  static final String BOS = "<s>";
  static final String EOS = "</s>";
  private static final List<String> SPECIAL = List.of(PAD, BOS, EOS);

  /** Special tokens and bytes, which every vocabulary has. */
  static final int MIN_SIZE = SPECIAL.size() + 256;

  /** GPT-2's split into words, which the tokenizer's ByteLevel step applies as well. */
  private static final Pattern WORD =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

  /** What a vocabulary is for. */
  enum Purpose {
    /** To be written: texts as they are, which begin with BOS. */
    GENERATION,
    /** To be judged: texts without case, between BOS and EOS. */
    CLASSIFICATION
  }

  private record Pair(int left, int right) {}

  private record Candidate(long count, Pair pair) {}

  private final List<String> vocabulary = new ArrayList<>();
  private final List<Pair> merges = new ArrayList<>();

  private final Purpose purpose;

  private BpeTrainer(Purpose purpose) {
    this.purpose = purpose;
    vocabulary.addAll(SPECIAL);
    for (int b = 0; b < 256; b++) {
      vocabulary.add(String.valueOf(ByteAlphabet.character(b)));
    }
  }

  /**
   * Trains.
   *
   * @param texts the corpus; each text is read as if a space stood before it
   * @param size vocabulary size wanted, special tokens and 256 bytes included; fewer if the corpus
   *     has no more pairs
   * @return the text of {@code tokenizer.json}
   */
  static String train(Iterable<String> texts, int size) {
    return train(texts, size, Purpose.GENERATION);
  }

  /** As {@link #train(Iterable, int)}, for a purpose. */
  static String train(Iterable<String> texts, int size, Purpose purpose) {
    if (size < MIN_SIZE) {
      throw new IllegalArgumentException(
          "Cannot learn a vocabulary of %d ids: the special tokens and bytes are %d. Give at least that."
              .formatted(size, MIN_SIZE));
    }
    BpeTrainer trainer = new BpeTrainer(purpose);
    trainer.learn(trainer.count(texts), size);
    return trainer.json();
  }

  private Map<String, Long> count(Iterable<String> texts) {
    Map<String, Long> counts = new TreeMap<>();
    for (String given : texts) {
      String text =
          purpose == Purpose.CLASSIFICATION
              ? Normalizer.normalize(given, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT)
              : given;
      Matcher matcher = WORD.matcher(text.startsWith(" ") ? text : " " + text);
      while (matcher.find()) {
        counts.merge(matcher.group(), 1L, Long::sum);
      }
    }
    return counts;
  }

  private void learn(Map<String, Long> counts, int size) {
    List<int[]> words = new ArrayList<>();
    List<Long> weights = new ArrayList<>();
    Map<Pair, Long> pairs = new HashMap<>();
    Map<Pair, Set<Integer>> where = new HashMap<>();
    counts.forEach(
        (word, weight) -> {
          byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
          int[] ids = new int[bytes.length];
          for (int i = 0; i < bytes.length; i++) {
            ids[i] = SPECIAL.size() + (bytes[i] & 0xff);
          }
          words.add(ids);
          weights.add(weight);
          tally(ids, weight, words.size() - 1, pairs, where);
        });
    PriorityQueue<Candidate> queue =
        new PriorityQueue<>(
            Comparator.comparingLong((Candidate c) -> -c.count())
                .thenComparingInt(c -> c.pair().left())
                .thenComparingInt(c -> c.pair().right()));
    pairs.forEach((pair, count) -> queue.add(new Candidate(count, pair)));
    while (vocabulary.size() < size && !queue.isEmpty()) {
      Candidate best = queue.remove();
      long count = pairs.getOrDefault(best.pair(), 0L);
      if (count != best.count()) {
        // The entry is stale: the pair's count has changed since, and a newer entry stands for it.
        continue;
      }
      if (count < 2) {
        break;
      }
      int id = vocabulary.size();
      vocabulary.add(vocabulary.get(best.pair().left()) + vocabulary.get(best.pair().right()));
      merges.add(best.pair());
      Set<Pair> changed = new HashSet<>();
      for (int word : where.remove(best.pair())) {
        int[] before = words.get(word);
        int[] after = merge(before, best.pair(), id);
        if (after.length == before.length) {
          continue;
        }
        changed.addAll(tally(before, -weights.get(word), word, pairs, where));
        words.set(word, after);
        changed.addAll(tally(after, weights.get(word), word, pairs, where));
      }
      pairs.remove(best.pair());
      changed.remove(best.pair());
      for (Pair pair : changed) {
        queue.add(new Candidate(pairs.get(pair), pair));
      }
    }
  }

  private static List<Pair> tally(
      int[] ids, long weight, int word, Map<Pair, Long> pairs, Map<Pair, Set<Integer>> where) {
    List<Pair> seen = new ArrayList<>();
    for (int i = 0; i + 1 < ids.length; i++) {
      Pair pair = new Pair(ids[i], ids[i + 1]);
      pairs.merge(pair, weight, Long::sum);
      where.computeIfAbsent(pair, p -> new HashSet<>()).add(word);
      seen.add(pair);
    }
    return seen;
  }

  private static int[] merge(int[] ids, Pair pair, int id) {
    int[] merged = new int[ids.length];
    int n = 0;
    for (int i = 0; i < ids.length; i++) {
      if (i + 1 < ids.length && ids[i] == pair.left() && ids[i + 1] == pair.right()) {
        merged[n++] = id;
        i++;
      } else {
        merged[n++] = ids[i];
      }
    }
    return java.util.Arrays.copyOf(merged, n);
  }

  private String json() {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.put("version", "1.0");
    root.putNull("truncation");
    root.putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (int i = 0; i < SPECIAL.size(); i++) {
      ObjectNode token = added.addObject();
      token
          .put("id", i)
          .put("content", SPECIAL.get(i))
          .put("single_word", false)
          .put("lstrip", false);
      token.put("rstrip", false).put("normalized", false).put("special", true);
    }
    boolean classifies = purpose == Purpose.CLASSIFICATION;
    if (classifies) {
      ArrayNode steps =
          root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
      steps.addObject().put("type", "NFKC");
      steps.addObject().put("type", "Lowercase");
    } else {
      root.putNull("normalizer");
    }
    root.set("pre_tokenizer", byteLevel(mapper, true));
    ObjectNode template = root.putObject("post_processor");
    template.put("type", "TemplateProcessing");
    ArrayNode single = sequence(special(template.putArray("single"), BOS), "A", 0);
    ArrayNode both = sequence(special(template.putArray("pair"), BOS), "A", 0);
    ObjectNode specials = template.putObject("special_tokens");
    define(specials, BOS);
    if (classifies) {
      special(single, EOS);
      special(both, EOS);
      define(specials, EOS);
    }
    sequence(both, "B", 1);
    root.set("decoder", byteLevel(mapper, true));
    ObjectNode model = root.putObject("model");
    model
        .put("type", "BPE")
        .putNull("dropout")
        .putNull("unk_token")
        .putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false);
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (int i = 0; i < vocabulary.size(); i++) {
      ids.put(vocabulary.get(i), i);
    }
    ObjectNode vocab = model.putObject("vocab");
    ids.forEach(vocab::put);
    ArrayNode rules = model.putArray("merges");
    for (Pair pair : merges) {
      rules.addArray().add(vocabulary.get(pair.left())).add(vocabulary.get(pair.right()));
    }
    return root.toString();
  }

  private static ObjectNode byteLevel(ObjectMapper mapper, boolean prefixSpace) {
    ObjectNode node = mapper.createObjectNode();
    return node.put("type", "ByteLevel")
        .put("add_prefix_space", prefixSpace)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  private static ArrayNode special(ArrayNode template, String token) {
    template.addObject().putObject("SpecialToken").put("id", token).put("type_id", 0);
    return template;
  }

  private static void define(ObjectNode specials, String token) {
    ObjectNode special = specials.putObject(token);
    special.put("id", token);
    special.putArray("ids").add(SPECIAL.indexOf(token));
    special.putArray("tokens").add(token);
  }

  private static ArrayNode sequence(ArrayNode template, String id, int type) {
    template.addObject().putObject("Sequence").put("id", id).put("type_id", type);
    return template;
  }
}
