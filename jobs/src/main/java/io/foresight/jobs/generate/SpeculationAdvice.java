package io.foresight.jobs.generate;

import io.foresight.engine.RowDecoder;
import io.foresight.jobs.output.Summary;
import io.foresight.model.cost.ForwardShape;
import io.foresight.model.cost.ForwardTimes;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Whether speculative decoding was worth its draft, by the acceptance of a run and the costs of
 * forwards.
 *
 * <p>A verification of g drafted tokens costs a forward of p over g + 1 positions and as many
 * forwards of q as the run took for it, and commits T tokens; without the draft these take T
 * forwards of p over one position.
 *
 * @param tokensPerVerification T
 * @param drafted g, tokens drafted per verification, mean
 * @param draftForwards forwards of q per verification, mean
 * @param acceptanceRate share of the drafted tokens that p accepted
 * @param costs of forwards
 */
record SpeculationAdvice(
    double tokensPerVerification,
    double drafted,
    double draftForwards,
    double acceptanceRate,
    Costs costs) {

  /** A shorter draft is named only if it would pay by this factor. */
  private static final double WORTHWHILE = 1.05;

  /**
   * Costs of forwards over a run's rows in flight, as shares of p's over one token of each.
   *
   * @param target of p over 1, 2, 4, ... tokens of each row; one number if they all cost that
   * @param draft of q over one token of each row
   */
  record Costs(double[] target, double draft) {

    private static final int MOST_SAMPLES = 8;
    private static final long BUDGET_NANOS = 1_000_000_000;

    /**
     * Measures.
     *
     * @param rows in flight
     * @param most tokens of a row that are verified, at most
     */
    static Costs measure(RowDecoder models, int rows, int most) {
      int room = ForwardTimes.room(models.target());
      List<ForwardShape> shapes =
          Stream.iterate(1, n -> n < 2 * most, n -> 2 * n)
              .filter(n -> n <= room)
              .map(n -> ForwardShape.of(rows, n))
              .toList();
      ForwardTimes target = new ForwardTimes(shapes);
      ForwardTimes draft = new ForwardTimes(shapes.subList(0, 1));
      long started = System.nanoTime();
      for (int i = 0; i < MOST_SAMPLES && System.nanoTime() - started < BUDGET_NANOS; i++) {
        // In turns, so that a slow moment of the machine meets both.
        target.sample(models.target());
        draft.sample(models.draft());
      }
      double one = target.median(shapes.get(0));
      return new Costs(
          shapes.stream().mapToDouble(shape -> target.median(shape) / one).toArray(),
          draft.median(shapes.get(0)) / one);
    }

    /**
     * By the models' weights, as where reading them is what takes the time: then a verification
     * costs what a forward over one token does.
     */
    static Costs bySize(long targetWeights, long draftWeights) {
      return new Costs(new double[] {1}, (double) draftWeights / targetWeights);
    }

    /** Of p over a number of tokens, linear between those that were measured. */
    double target(double tokens) {
      if (target.length == 1) {
        return target[0];
      }
      int end = 1;
      while (end < target.length - 1 && (1 << end) < tokens) {
        end++;
      }
      double size = 1 << end;
      return target[end] + (tokens - size) * (target[end] - target[end - 1]) / (size / 2);
    }
  }

  /**
   * By a run's figures.
   *
   * @param costs asked for only if something was drafted
   * @return {@code null} if nothing was
   */
  static SpeculationAdvice of(Summary summary, Supplier<Costs> costs) {
    double verifications = summary.number("target_forwards");
    double drafted = summary.number("drafted");
    if (!(drafted > 0)) {
      return null;
    }
    return new SpeculationAdvice(
        summary.number("tokens") / verifications,
        drafted / verifications,
        summary.number("draft_forwards") / verifications,
        summary.number("acceptance_rate"),
        costs.get());
  }

  /** How many times as fast as decoding without the draft the run was, by forwards alone. */
  double speedUp() {
    return tokensPerVerification / (costs.target(drafted + 1) + draftForwards * costs.draft());
  }

  /** The same if every verification had so many drafted tokens, each accepted as often as here. */
  private double speedUp(int length) {
    double tokens = tokens(length, acceptancePerToken());
    return tokens / (costs.target(length + 1) + length * costs.draft());
  }

  /** Tokens per verification if each drafted token is accepted with one probability. */
  private static double tokens(double length, double probability) {
    return probability >= 1
        ? length + 1
        : (1 - Math.pow(probability, length + 1)) / (1 - probability);
  }

  /** That probability, from the tokens per verification. */
  private double acceptancePerToken() {
    double low = 0;
    double high = 1;
    for (int i = 0; i < 50; i++) {
      double middle = (low + high) / 2;
      if (tokens(drafted, middle) < tokensPerVerification) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The draft length with the best speed, of those up to the run's. */
  private int bestLength() {
    int best = 1;
    for (int length = 2; length <= drafted; length++) {
      if (speedUp(length) > speedUp(best)) {
        best = length;
      }
    }
    return best;
  }

  /**
   * What to tell a user whose run would have been faster without the draft.
   *
   * @param plain the strategy with the same output and no draft
   * @return {@code null} if speculation paid
   */
  String warning(String plain) {
    if (speedUp() >= 1) {
      return null;
    }
    int best = bestLength();
    String shorter =
        speedUp(best) < WORTHWHILE
            ? ""
            : ", or decoding.draft-length = %d (predicted %.2f times)"
                .formatted(best, speedUp(best));
    return """
        Speculation did not pay: of %.1f drafted tokens per verification %.1f %% were accepted, which gave %.2f tokens; a forward
        of the draft costs %.2f of the target's over one token, a verification %.2f. Predicted %.2f times the speed of %s.
        Set decoding.strategy = %s%s."""
        .formatted(
            drafted,
            100 * acceptanceRate,
            tokensPerVerification,
            costs.draft(),
            costs.target(drafted + 1),
            speedUp(),
            plain,
            plain,
            shorter);
  }
}
