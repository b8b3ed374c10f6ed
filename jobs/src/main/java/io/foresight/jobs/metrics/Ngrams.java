package io.foresight.jobs.metrics;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Words of texts as metrics of translation take them, and sequences of those. */
final class Ngrams {

  /** Longest sequence that BLEU and CIDEr take. */
  static final int MOST = 4;

  private static final Pattern BLANK = Pattern.compile("(?U)[\\s\\x1c-\\x1f]+");
  private static final Pattern SYMBOL = Pattern.compile("([{-~\\[-` -&(-+:-@/])");
  private static final Pattern POINT_AFTER = Pattern.compile("([^0-9])([.,])");
  private static final Pattern POINT_BEFORE = Pattern.compile("([.,])([^0-9])");
  private static final Pattern DASH = Pattern.compile("([0-9])(-)");
  private static final Pattern NO_WORD = Pattern.compile("[^\\p{L}\\p{N}]*");

  private Ngrams() {}

  /** By sacrebleu's tokenizer 13a, that of mteval-v13a. */
  static List<String> tokens13a(String text) {
    String line =
        text.stripTrailing().replace("<skipped>", "").replace("-\n", "").replace("\n", " ");
    if (line.contains("&")) {
      line =
          line.replace("&quot;", "\"")
              .replace("&amp;", "&")
              .replace("&lt;", "<")
              .replace("&gt;", ">");
    }
    line = SYMBOL.matcher(" " + line + " ").replaceAll(" $1 ");
    line = POINT_AFTER.matcher(line).replaceAll("$1 $2 ");
    line = POINT_BEFORE.matcher(line).replaceAll(" $1 $2");
    line = DASH.matcher(line).replaceAll("$1 $2 ");
    return split(line);
  }

  /** The same without case, and without those that hold neither letter nor digit. */
  static List<String> words(String text) {
    return tokens13a(text.toLowerCase(Locale.ROOT)).stream()
        .filter(token -> !NO_WORD.matcher(token).matches())
        .toList();
  }

  static List<String> split(String line) {
    List<String> tokens = new ArrayList<>();
    for (String token : BLANK.split(line)) {
      if (!token.isEmpty()) {
        tokens.add(token);
      }
    }
    return tokens;
  }

  /** How often each sequence of n tokens stands in them, in the order of their first. */
  static Map<String, Integer> counts(List<String> tokens, int n) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    for (int i = 0; i + n <= tokens.size(); i++) {
      counts.merge(String.join(" ", tokens.subList(i, i + n)), 1, Integer::sum);
    }
    return counts;
  }
}
