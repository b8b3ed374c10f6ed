package io.foresight.decoding.check;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.hypothesis.Ids;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Naive implementations that strategies are compared with: every score is a fresh forward, nothing
 * is reused.
 */
public final class Reference {

  private Reference() {}

  /**
   * What a model says after {@code text}: of one that does not fit into its context, after its
   * first token and its end, of which it leaves out half a context at a time.
   */
  private static float[] logProbs(Case c, FakeModel model, int... text) {
    LogitsEdit edit = c.rules().at(text);
    int context = model.contextLength();
    int first = Math.min(1, context - 1);
    int from = first;
    while (first + text.length - from > context) {
      from += Math.max(1, (context - first) / 2);
    }
    return from == first
        ? model.logProbs(edit, text)
        : model.logProbs(
            edit,
            Ids.concat(Arrays.copyOf(text, first), Arrays.copyOfRange(text, from, text.length)));
  }

  /** The same with the row's noise if it samples. */
  private static float[] scores(Case c, FakeModel model, int... text) {
    float[] logProbs = logProbs(c, model, text);
    return c.settings().get(VERIFICATION) == Verification.HARD
        ? logProbs
        : FakeModel.perturbed(
            logProbs, new Noise(Sampler.of(c.settings()), c.rowSeed()), text.length);
  }

  /** A model's greedy continuation of {@code path} by at most so many tokens, up to EOS. */
  public static int[] rollout(Case c, FakeModel model, int[] path, int count) {
    int[] tokens = new int[0];
    while (tokens.length < count
        && (tokens.length == 0 || !c.p().isEos(tokens[tokens.length - 1]))) {
      tokens = Ids.concat(tokens, model.top(scores(c, model, Ids.concat(path, tokens)), 1)[0]);
    }
    return tokens;
  }

  /** Greedy decoding, or, if the case samples, a sample. */
  public static int[] greedy(Case c) {
    return stopped(c, rollout(c, c.p(), c.prompt(), c.limit()));
  }

  /** Generated ids up to what stops the row. */
  public static int[] stopped(Case c, int[] tokens) {
    for (int i = 1; i < tokens.length; i++) {
      int[] shorter = Arrays.copyOf(tokens, i);
      if (c.stop().test(shorter)) {
        return shorter;
      }
    }
    return tokens;
  }

  /** CDLH with rollouts by {@code roller}. */
  public static int[] cdlh(Case c, FakeModel roller) {
    int[] y = new int[0];
    while (!ends(c, y)) {
      y = candidateStep(c, roller, y);
    }
    return y;
  }

  /** p's top k and, if hints are on and a word may start here, as many of the likeliest hints. */
  private static int[] candidates(Case c, int[] y, float[] scores) {
    int k = Math.min(c.settings().get(CANDIDATES), c.p().vocabularySize());
    int[] top =
        Arrays.stream(c.p().top(scores, k)).filter(id -> Double.isFinite(scores[id])).toArray();
    boolean starts = c.p().isEos(top[0]) || c.reward().startsWord(top[0]);
    if (c.settings().get(HINTS) != DecodingSettings.Toggle.TRUE || !starts) {
      return top;
    }
    Set<Integer> first = hintStarts(c, new int[0]);
    Set<Integer> now = hintStarts(c, y);
    List<Integer> all = new ArrayList<>();
    int hints = 0;
    for (int id : c.p().top(scores, c.p().vocabularySize())) {
      boolean isTop = IntStream.of(top).anyMatch(t -> t == id);
      boolean isHint =
          !isTop
              && Double.isFinite(scores[id])
              && first.contains(id)
              && now.contains(id)
              && hints < top.length;
      hints += isHint ? 1 : 0;
      if (isTop || isHint) {
        all.add(id);
      }
    }
    return all.stream().mapToInt(Integer::intValue).toArray();
  }

  private static Set<Integer> hintStarts(Case c, int[] y) {
    Set<Integer> starts = new HashSet<>();
    for (int[] hint : c.reward().hints(y)) {
      if (IntStream.of(hint).noneMatch(c.p()::isEos)) {
        starts.add(hint[0]);
      }
    }
    return starts;
  }

  /** {@code y} and the token that CDLH's step commits, with rollouts by {@code roller}. */
  public static int[] candidateStep(Case c, FakeModel roller, int[] y) {
    float[] scores = scores(c, c.p(), Ids.concat(c.prompt(), y));
    int best = -1;
    double bestScore = Double.NEGATIVE_INFINITY;
    for (int id : candidates(c, y, scores)) {
      int[] line = Ids.concat(y, id);
      if (!c.p().isEos(id)) {
        int depth = Math.min(c.settings().get(LOOKAHEAD), c.limit() - line.length);
        line = Ids.concat(line, rollout(c, roller, Ids.concat(c.prompt(), line), depth));
      }
      double reward = c.reward().judge(stopped(c, line), ends(c, line)).reward();
      double score = (double) scores[id] + c.settings().get(REWARD_WEIGHT) * reward;
      if (score > bestScore) {
        best = id;
        bestScore = score;
      }
    }
    return Ids.concat(y, best);
  }

  /** Whether the row is finished after these generated tokens. */
  public static boolean ends(Case c, int[] line) {
    return line.length == c.limit()
        || (line.length > 0 && c.p().isEos(line[line.length - 1]))
        || c.stop().test(line);
  }

  /** Output tokens that a text precedes which is longer than q's context. */
  public static long beyondDraftContext(Case c, int[] tokens) {
    return IntStream.range(0, tokens.length)
        .filter(i -> c.prompt().length + i > c.q().contextLength())
        .count();
  }

  /** Sum of log p over generated tokens. */
  public static double logProb(Case c, int[] tokens) {
    double sum = 0;
    for (int i = 0; i < tokens.length; i++) {
      sum += logProbs(c, c.p(), Ids.concat(c.prompt(), Arrays.copyOf(tokens, i)))[tokens[i]];
    }
    return sum;
  }
}
