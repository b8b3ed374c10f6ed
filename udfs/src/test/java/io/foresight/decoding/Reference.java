package io.foresight.decoding;

import java.util.Arrays;

/** Naive implementations: every score is a fresh forward, nothing is reused. */
final class Reference {

  private Reference() {}

  /** p's greedy continuation of {@code path} by at most {@code count} tokens, up to EOS. */
  static int[] rollout(FakeModel model, int[] path, int count) {
    int[] tokens = new int[0];
    while (tokens.length < count
        && (tokens.length == 0 || !model.isEos(tokens[tokens.length - 1]))) {
      tokens = Ids.concat(tokens, model.top(model.logProbs(Ids.concat(path, tokens)), 1)[0]);
    }
    return tokens;
  }

  static int[] greedy(Case c) {
    return rollout(c.p(), c.prompt(), c.limit());
  }

  /** CDLH with rollouts by {@code roller}. */
  static int[] cdlh(Case c, FakeModel roller) {
    int[] y = new int[0];
    while (!ends(c, y)) {
      float[] scores = c.p().logProbs(Ids.concat(c.prompt(), y));
      int best = -1;
      double bestScore = Double.NEGATIVE_INFINITY;
      for (int id : c.p().top(scores, c.s().candidates())) {
        int[] line = Ids.concat(y, id);
        if (!c.p().isEos(id)) {
          int depth = Math.min(c.s().lookahead(), c.limit() - line.length);
          line = Ids.concat(line, rollout(roller, Ids.concat(c.prompt(), line), depth));
        }
        double score =
            (double) scores[id] + c.s().rewardWeight() * c.reward().of(line, ends(c, line));
        if (score > bestScore) {
          best = id;
          bestScore = score;
        }
      }
      y = Ids.concat(y, best);
    }
    return y;
  }

  /** Forwards of p that speculative decoding takes: n + 1 tokens each, EOS and limit apart. */
  static int verifications(Case c) {
    int[] w = greedy(c);
    int forwards = 0;
    int at = 0;
    while (at < w.length) {
      int[] path = Ids.concat(c.prompt(), Arrays.copyOf(w, at));
      int length = Math.min(c.s().draftLength(), c.limit() - at - 1);
      int[] draft = rollout(c.q(), path, length);
      int accepted = Ids.common(draft, Arrays.copyOfRange(w, at, w.length));
      at = Math.min(at + accepted + 1, w.length);
      forwards++;
    }
    return forwards;
  }

  static boolean ends(Case c, int[] line) {
    return line.length == c.limit() || (line.length > 0 && c.p().isEos(line[line.length - 1]));
  }

  static double logProb(Case c, int[] tokens) {
    double sum = 0;
    for (int i = 0; i < tokens.length; i++) {
      sum += c.p().logProbs(Ids.concat(c.prompt(), Arrays.copyOf(tokens, i)))[tokens[i]];
    }
    return sum;
  }
}
