package io.foresight.decoding.hypothesis;

import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.LogitsRules;
import io.foresight.decoding.Noise;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * What a hypothesis asks of every place that it scores: how much detail, under which noise, and by
 * which rules for the row's logits.
 *
 * @param model says the rules and the ids that there are
 * @param noise {@code null} for none
 * @param named ids whose log-probabilities every place is asked for
 */
record LogitsQuestion(LanguageModel model, Hypothesis.Detail detail, Noise noise, int[] named) {

  /** The same under other noise. */
  LogitsQuestion under(Noise other) {
    return new LogitsQuestion(model, detail, other, named);
  }

  /** The same with other ids that every place is asked for. */
  LogitsQuestion naming(int[] ids) {
    return new LogitsQuestion(model, detail, noise, ids);
  }

  /**
   * Asks for the places of a path from its first {@code place} tokens on.
   *
   * @param from first appended position that is asked for
   */
  LogitsRequest of(int[] path, int place, int from, int topK) {
    int[] places = IntStream.rangeClosed(place, path.length).toArray();
    int[][] wanted = null;
    if (named.length > 0) {
      wanted = new int[places.length][];
      Arrays.fill(wanted, named);
    }
    return request(from, topK, wanted, places, edits(path, places));
  }

  /** Asks for given ids of the places of a path, from its first {@code place} tokens on. */
  LogitsRequest of(int[] path, int place, int from, int[][] ids) {
    int[] places = IntStream.rangeClosed(place, path.length).toArray();
    return request(from, 0, ids, places, edits(path, places));
  }

  /**
   * Asks for every node of a tree, and there for the ids that follow it too.
   *
   * @param before ids of the sequence that the tree extends
   */
  LogitsRequest of(TokenTree tree, int[] before, int topK) {
    int[][] wanted = new int[tree.size()][];
    Arrays.setAll(wanted, node -> Ids.concat(named, tree.followers(node)));
    return request(0, topK, wanted, tree.places(before.length), edits(tree, before));
  }

  private LogitsRequest request(
      int from, int topK, int[][] wanted, int[] places, LogitsEdit[] edits) {
    boolean logProbs = detail != Hypothesis.Detail.IDS || topK > 0 || wanted != null;
    boolean rows = detail == Hypothesis.Detail.ROWS;
    return new LogitsRequest(
        from, logProbs, topK, wanted, rows, noise, noise == null ? null : places, edits);
  }

  /** What becomes of the logits at places of a path; {@code null} if they stay as they are. */
  private LogitsEdit[] edits(int[] path, int[] places) {
    LogitsRules rules = model.rules();
    return rules == LogitsRules.NONE
        ? null
        : Arrays.stream(places)
            .mapToObj(place -> rules.at(Arrays.copyOf(path, place)).within(model.vocabularySize()))
            .toArray(LogitsEdit[]::new);
  }

  /** The same of a tree's nodes. */
  private LogitsEdit[] edits(TokenTree tree, int[] before) {
    LogitsRules rules = model.rules();
    return rules == LogitsRules.NONE
        ? null
        : IntStream.range(0, tree.size())
            .mapToObj(node -> rules.at(tree.path(before, node)).within(model.vocabularySize()))
            .toArray(LogitsEdit[]::new);
  }
}
