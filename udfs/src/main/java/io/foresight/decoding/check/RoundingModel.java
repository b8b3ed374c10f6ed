package io.foresight.decoding.check;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.search.ForwardingModel;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A model whose scores are off by what matrix libraries round, another amount in each forward,
 * except where a score is close to another one or was asked for alone, as a session's in fp32 are.
 */
public final class RoundingModel extends ForwardingModel {

  /** What shapes of forwards make of a logit. */
  private static final double ROUNDING = 1e-6;

  private final SplittableRandom random;
  private final boolean canonical;

  /**
   * Rounds what a model says.
   *
   * @param seed what rounding is drawn from
   * @param canonical whether it tells that it has canonical scores
   */
  public RoundingModel(FakeModel model, long seed, boolean canonical) {
    super(model);
    this.random = new SplittableRandom(seed);
    this.canonical = canonical;
  }

  @Override
  public boolean hasCanonicalScores() {
    return canonical;
  }

  @Override
  public List<Scores> extend(List<ForwardRequest> extensions) {
    List<Scores> scores = model.extend(extensions);
    for (int i = 0; i < scores.size(); i++) {
      if (!extensions.get(i).isAlone()) {
        round(scores.get(i), extensions.get(i).ask());
      }
    }
    return scores;
  }

  private void round(Scores scores, LogitsRequest ask) {
    for (int i = 0; i < scores.margin().length; i++) {
      if (scores.margin()[i] >= ask.nearTie()) {
        round(scores.topLogProbs(), i);
        round(scores.gathered(), i);
        if (scores.topScores() != scores.topLogProbs()) {
          round(scores.topScores(), i);
          round(scores.gatheredScores(), i);
        }
        scores.argmaxLogProb()[i] += (float) (ROUNDING * (random.nextDouble() - 0.5));
      }
    }
  }

  private void round(float[][] some, int i) {
    for (int c = 0; some != null && c < some[i].length; c++) {
      some[i][c] += (float) (ROUNDING * (random.nextDouble() - 0.5));
    }
  }
}
