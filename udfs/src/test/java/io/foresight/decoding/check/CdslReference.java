package io.foresight.decoding.check;

import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.strategy.Cdsl.ACCEPTANCE_THRESHOLD;
import static io.foresight.decoding.strategy.Cdsl.REWARD_SPAN;
import static io.foresight.decoding.strategy.Cdsl.S2_ACTION;
import static io.foresight.decoding.strategy.Cdsl.S3_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S4_LOOKAHEAD;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.DecodingSettings.RewardSpan;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.settings.Settings;
import java.util.Arrays;

/** {@code cdsl}, and the forwards of speculation, by naive implementations. */
public final class CdslReference {

  private CdslReference() {}

  /** Tokens of {@code cdsl}, and its steps per state S1 to S4. */
  record Steps(int[] tokens, int[] states) {}

  /** The definition of {@code cdsl}, read out loud. */
  static Steps cdsl(Case c) {
    Settings s = c.settings();
    int[] states = new int[4];
    int[] y = new int[0];
    while (!Reference.ends(c, y)) {
      int[] path = Ids.concat(c.prompt(), y);
      int remaining = c.limit() - y.length;
      int[] z = Reference.rollout(c, c.q(), path, Math.min(s.get(DRAFT_LENGTH), remaining - 1));
      int[] greedy = Reference.rollout(c, c.p(), path, z.length + 1);
      int n = Ids.common(z, greedy);
      int[] w = Arrays.copyOf(greedy, Math.min(n + 1, greedy.length));
      double acceptance = z.length == 0 ? 1 : (double) n / z.length;
      boolean accepted = acceptance >= s.get(ACCEPTANCE_THRESHOLD);
      int[] judged = Ids.concat(y, s.get(REWARD_SPAN) == RewardSpan.DRAFT && z.length > 0 ? z : w);
      boolean passes = passes(c, y, judged);
      states[(passes ? 0 : 2) + (accepted ? 0 : 1)]++;
      if (passes) {
        y = Ids.concat(y, Arrays.copyOf(w, accepted ? w.length : trusted(c, y, w)));
      } else {
        Roller roller = accepted ? s.get(S3_LOOKAHEAD) : s.get(S4_LOOKAHEAD);
        y = Reference.candidateStep(c, roller == Roller.DRAFT ? c.q() : c.p(), y);
      }
    }
    return new Steps(Reference.stopped(c, y), states);
  }

  private static int trusted(Case c, int[] y, int[] w) {
    int gain = 1;
    for (int i = 1; i <= w.length; i++) {
      int[] line = Ids.concat(y, Arrays.copyOf(w, i));
      if (reward(c, line) > reward(c, Arrays.copyOf(line, line.length - 1))) {
        gain = i;
      }
    }
    return switch (c.settings().get(S2_ACTION)) {
      case PREFIX -> w.length;
      case ONE_TOKEN -> 1;
      case TO_LAST_GAIN -> gain;
    };
  }

  private static double reward(Case c, int[] line) {
    return c.reward().judge(Reference.stopped(c, line), Reference.ends(c, line)).reward();
  }

  private static boolean passes(Case c, int[] y, int[] line) {
    double[] before = c.reward().judge(y, Reference.ends(c, y)).parts();
    double[] after = c.reward().judge(Reference.stopped(c, line), Reference.ends(c, line)).parts();
    boolean passes = true;
    for (int i = 0; i < after.length; i++) {
      Criterion own = c.reward().criteria().get(i);
      double threshold =
          Double.isNaN(c.settings().get(REWARD_THRESHOLD))
              ? own.threshold()
              : c.settings().get(REWARD_THRESHOLD);
      RewardMode mode =
          c.settings().get(REWARD_MODE) == RewardMode.AUTO
              ? own.mode()
              : c.settings().get(REWARD_MODE);
      boolean rises = mode == RewardMode.GAIN && !Reference.ends(c, line) && after[i] > before[i];
      passes &= after[i] >= threshold || rises;
    }
    return passes;
  }

  /** Forwards of p that speculative decoding takes: n + 1 tokens each, EOS and limit apart. */
  public static int verifications(Case c) {
    int[] w = Reference.greedy(c);
    int forwards = 0;
    int at = 0;
    while (at < w.length) {
      int[] path = Ids.concat(c.prompt(), Arrays.copyOf(w, at));
      int length = Math.min(c.settings().get(DRAFT_LENGTH), c.limit() - at - 1);
      int[] draft = Reference.rollout(c, c.q(), path, length);
      int accepted = Ids.common(draft, Arrays.copyOfRange(w, at, w.length));
      at = Math.min(at + accepted + 1, w.length);
      forwards++;
    }
    return forwards;
  }
}
