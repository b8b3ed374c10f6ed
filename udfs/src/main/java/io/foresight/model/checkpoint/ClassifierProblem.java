package io.foresight.model.checkpoint;

/** What logits mean, by the configuration's {@code problem_type} or else the number of labels. */
public enum ClassifierProblem {
  /** One label of several: softmax makes probabilities of the logits. */
  SINGLE_LABEL,
  /** Any of the labels: the logistic function does, each by itself. */
  MULTI_LABEL,
  /** The logits are the answer, as a reward model's score is. */
  REGRESSION;

  /** Scores of one text's logits: probabilities in [0, 1], or the logits of a regression. */
  public float[] scores(float[] logits) {
    float[] scores = logits.clone();
    if (this == MULTI_LABEL) {
      for (int i = 0; i < scores.length; i++) {
        scores[i] = (float) (1 / (1 + Math.exp(-logits[i])));
      }
    } else if (this == SINGLE_LABEL) {
      double most = Double.NEGATIVE_INFINITY;
      for (float logit : logits) {
        most = Math.max(most, logit);
      }
      double sum = 0;
      for (float logit : logits) {
        sum += Math.exp(logit - most);
      }
      for (int i = 0; i < scores.length; i++) {
        scores[i] = (float) (Math.exp(logits[i] - most) / sum);
      }
    }
    return scores;
  }
}
