package io.foresight.decoding.search;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static io.foresight.decoding.strategy.Cdsl.ACCEPTANCE_THRESHOLD;
import static io.foresight.decoding.strategy.Cdsl.REWARD_SPAN;
import static io.foresight.decoding.strategy.Cdsl.S2_ACTION;
import static io.foresight.decoding.strategy.Cdsl.S3_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S4_LOOKAHEAD;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.DecodingSettings.RewardMode;
import io.foresight.decoding.DecodingSettings.RewardSpan;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Sampler;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** Naive implementations: every score is a fresh forward, nothing is reused. */
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
    return c.s().get(VERIFICATION) == Verification.HARD
        ? logProbs
        : FakeModel.perturbed(logProbs, new Noise(Sampler.of(c.s()), c.rowSeed()), text.length);
  }

  /** A model's greedy continuation of {@code path} by at most so many tokens, up to EOS. */
  static int[] rollout(Case c, FakeModel model, int[] path, int count) {
    int[] tokens = new int[0];
    while (tokens.length < count
        && (tokens.length == 0 || !model.isEos(tokens[tokens.length - 1]))) {
      tokens = Ids.concat(tokens, model.top(scores(c, model, Ids.concat(path, tokens)), 1)[0]);
    }
    return tokens;
  }

  /** Greedy decoding, or, if the case samples, a sample. */
  public static int[] greedy(Case c) {
    return stopped(c, rollout(c, c.p(), c.prompt(), c.limit()));
  }

  /** A text up to what stops the row. */
  private static int[] stopped(Case c, int[] tokens) {
    for (int i = 1; i < tokens.length; i++) {
      int[] shorter = Arrays.copyOf(tokens, i);
      if (c.stop().test(shorter)) {
        return shorter;
      }
    }
    return tokens;
  }

  /** CDLH with rollouts by {@code roller}. */
  static int[] cdlh(Case c, FakeModel roller) {
    int[] y = new int[0];
    while (!ends(c, y)) {
      y = candidateStep(c, roller, y);
    }
    return y;
  }

  /** p's top k and, if hints are on and a word may start here, as many of the likeliest hints. */
  private static int[] candidates(Case c, int[] y, float[] scores) {
    int k = Math.min(c.s().get(CANDIDATES), c.p().vocabularySize());
    int[] top =
        Arrays.stream(c.p().top(scores, k)).filter(id -> Double.isFinite(scores[id])).toArray();
    boolean starts = c.p().isEos(top[0]) || c.reward().startsWord(top[0]);
    if (c.s().get(HINTS) != DecodingSettings.Toggle.TRUE || !starts) {
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

  /** {@code y} and the token that CDLH's step commits. */
  private static int[] candidateStep(Case c, FakeModel roller, int[] y) {
    float[] scores = scores(c, c.p(), Ids.concat(c.prompt(), y));
    int best = -1;
    double bestScore = Double.NEGATIVE_INFINITY;
    for (int id : candidates(c, y, scores)) {
      int[] line = Ids.concat(y, id);
      if (!c.p().isEos(id)) {
        int depth = Math.min(c.s().get(LOOKAHEAD), c.limit() - line.length);
        line = Ids.concat(line, rollout(c, roller, Ids.concat(c.prompt(), line), depth));
      }
      double score = (double) scores[id] + c.s().get(REWARD_WEIGHT) * reward(c, line);
      if (score > bestScore) {
        best = id;
        bestScore = score;
      }
    }
    return Ids.concat(y, best);
  }

  /** Tokens of {@code cdsl}, and its steps per state S1 to S4. */
  record Steps(int[] tokens, int[] states) {}

  /** The definition of {@code cdsl}, read out loud. */
  static Steps cdsl(Case c) {
    Settings s = c.s();
    int[] states = new int[4];
    int[] y = new int[0];
    while (!ends(c, y)) {
      int[] path = Ids.concat(c.prompt(), y);
      int remaining = c.limit() - y.length;
      int[] z = rollout(c, c.q(), path, Math.min(s.get(DRAFT_LENGTH), remaining - 1));
      int[] greedy = rollout(c, c.p(), path, z.length + 1);
      int n = Ids.common(z, greedy);
      int[] w = Arrays.copyOf(greedy, Math.min(n + 1, greedy.length));
      boolean accepted = z.length == 0 || (double) n / z.length >= s.get(ACCEPTANCE_THRESHOLD);
      int[] judged = Ids.concat(y, s.get(REWARD_SPAN) == RewardSpan.DRAFT && z.length > 0 ? z : w);
      boolean passes = passes(c, y, judged);
      states[(passes ? 0 : 2) + (accepted ? 0 : 1)]++;
      if (passes) {
        y = Ids.concat(y, Arrays.copyOf(w, accepted ? w.length : trusted(c, y, w)));
      } else {
        Roller roller = accepted ? s.get(S3_LOOKAHEAD) : s.get(S4_LOOKAHEAD);
        y = candidateStep(c, roller == Roller.DRAFT ? c.q() : c.p(), y);
      }
    }
    return new Steps(stopped(c, y), states);
  }

  private static int trusted(Case c, int[] y, int[] w) {
    int gain = 1;
    for (int i = 1; i <= w.length; i++) {
      int[] line = Ids.concat(y, Arrays.copyOf(w, i));
      if (reward(c, line) > reward(c, Arrays.copyOf(line, line.length - 1))) {
        gain = i;
      }
    }
    return switch (c.s().get(S2_ACTION)) {
      case PREFIX -> w.length;
      case ONE_TOKEN -> 1;
      case TO_LAST_GAIN -> gain;
    };
  }

  private static double reward(Case c, int[] line) {
    return c.reward().judge(stopped(c, line), ends(c, line)).reward();
  }

  private static boolean passes(Case c, int[] y, int[] line) {
    double[] before = c.reward().judge(y, ends(c, y)).parts();
    double[] after = c.reward().judge(stopped(c, line), ends(c, line)).parts();
    boolean passes = true;
    for (int i = 0; i < after.length; i++) {
      Criterion own = c.reward().criteria().get(i);
      double threshold =
          Double.isNaN(c.s().get(REWARD_THRESHOLD)) ? own.threshold() : c.s().get(REWARD_THRESHOLD);
      RewardMode mode =
          c.s().get(REWARD_MODE) == RewardMode.AUTO ? own.mode() : c.s().get(REWARD_MODE);
      boolean rises = mode == RewardMode.GAIN && !ends(c, line) && after[i] > before[i];
      passes &= after[i] >= threshold || rises;
    }
    return passes;
  }

  /** Forwards of p that speculative decoding takes: n + 1 tokens each, EOS and limit apart. */
  public static int verifications(Case c) {
    int[] w = greedy(c);
    int forwards = 0;
    int at = 0;
    while (at < w.length) {
      int[] path = Ids.concat(c.prompt(), Arrays.copyOf(w, at));
      int length = Math.min(c.s().get(DRAFT_LENGTH), c.limit() - at - 1);
      int[] draft = rollout(c, c.q(), path, length);
      int accepted = Ids.common(draft, Arrays.copyOfRange(w, at, w.length));
      at = Math.min(at + accepted + 1, w.length);
      forwards++;
    }
    return forwards;
  }

  static boolean ends(Case c, int[] line) {
    return line.length == c.limit()
        || (line.length > 0 && c.p().isEos(line[line.length - 1]))
        || c.stop().test(line);
  }

  /** Output tokens that a text precedes which is longer than q's context. */
  static long beyondDraftContext(Case c, int[] tokens) {
    return IntStream.range(0, tokens.length)
        .filter(i -> c.prompt().length + i > c.q().contextLength())
        .count();
  }

  static double logProb(Case c, int[] tokens) {
    double sum = 0;
    for (int i = 0; i < tokens.length; i++) {
      sum += logProbs(c, c.p(), Ids.concat(c.prompt(), Arrays.copyOf(tokens, i)))[tokens[i]];
    }
    return sum;
  }
}
