package io.foresight.decoding.check;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import java.util.List;

/**
 * A reward that leads nowhere.
 *
 * @param kind how
 * @param hinting whose hints it gives
 */
record HostileReward(Kind kind, HypothesisReward hinting) implements HypothesisReward {

  /** What is hostile about a reward. */
  enum Kind {
    /** All hypotheses have the highest score. */
    CONTENT,
    /** All have the lowest one. */
    HOPELESS,
    /** Hypotheses differ, and none is ever good enough. */
    INSATIABLE,
    /** Each token falls back behind the one before. */
    FALLING,
    /** The score goes up and down with each token. */
    ALTERNATING,
    /** The same between 0 and the highest number that there is. */
    EXTREME,
    /** It says nothing of the row. */
    SILENT
  }

  @Override
  public Judgement judge(int[] generated, boolean finished) {
    double reward =
        switch (kind) {
          case CONTENT, SILENT -> 1;
          case HOPELESS -> 0;
          case INSATIABLE -> hinting.judge(generated, finished).reward();
          case FALLING -> 1.0 / (1 + generated.length);
          case ALTERNATING -> generated.length % 2;
          case EXTREME -> generated.length % 2 * Double.MAX_VALUE;
        };
    return new Judgement(reward, criteria().isEmpty() ? new double[0] : new double[] {reward});
  }

  @Override
  public List<Criterion> criteria() {
    return switch (kind) {
      case SILENT -> List.of();
      case INSATIABLE -> List.of(new Criterion(RewardMode.LEVEL, Double.POSITIVE_INFINITY));
      case FALLING, ALTERNATING -> List.of(new Criterion(RewardMode.GAIN, 1));
      case CONTENT, HOPELESS, EXTREME -> List.of(Criterion.ALL);
    };
  }

  @Override
  public List<int[]> hints(int[] generated) {
    return hinting.hints(generated);
  }

  @Override
  public boolean startsWord(int id) {
    return hinting.startsWord(id);
  }

  @Override
  public boolean isJudging() {
    return kind != Kind.SILENT;
  }

  @Override
  public double upperBound() {
    return kind == Kind.EXTREME ? Double.MAX_VALUE : 1;
  }
}
