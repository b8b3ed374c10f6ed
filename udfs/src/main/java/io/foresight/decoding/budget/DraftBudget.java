package io.foresight.decoding.budget;

/**
 * How far a row drafts where that cannot change its output. A draft token is worth a forward of q
 * while its chance of being reached and accepted, times what a token of p costs, exceeds what
 * drafting and verifying it costs; and it is worth a position of p while that exceeds the
 * position's cost alone. The chance is the product over the draft's tokens of how often tokens of
 * such a margin were accepted, by the pair's fit and in this row. A function of the row alone, so
 * that its counters, too, are the same whatever is decoded beside it. Belongs to one row.
 */
public final class DraftBudget {

  /** First guess of the acceptance, by range of margins. */
  private static final double[] GUESS = {0.4, 0.5, 0.6, 0.7, 0.75, 0.85, 0.9, 0.95, 0.98};

  /** What the guess counts, in tokens tried. */
  private static final double GUESS_WEIGHT = 2;

  /**
   * Of a token's cost what it must gain by itself: the rest is for the tokens that may follow it.
   */
  private static final double OPTION = 0.7;

  /** What a token of the pair's fit counts, against one of the row's. */
  private static final double FIT_WEIGHT = 0.5;

  /** Tokens tried by which all guesses are corrected half, in proportion to each. */
  private static final double SCALE_WEIGHT = 2;

  /**
   * Drafts that do not pay and are left out, from one that is made to the next: first, and at most.
   */
  private static final int FIRST_GAP = 32;

  private static final int LAST_GAP = 512;

  private static final int LONGEST = 16;

  private final boolean adaptive;
  private final ForwardCost target;
  private final ForwardCost draft;
  private final double[] tried;
  private final double[] accepted;

  /** Of what was tried: what the guesses expected, and what came of it. */
  private double allGuessed;

  private double allAccepted;
  private int leftOut;
  private int gap = FIRST_GAP;

  private DraftBudget(boolean adaptive, DraftFit fit, ForwardCost target, ForwardCost draft) {
    this.adaptive = adaptive;
    this.target = target;
    this.draft = draft;
    this.tried = fit.tried();
    this.accepted = fit.accepted();
    for (int range = 0; range < tried.length; range++) {
      // The row may be another kind of text.
      tried[range] *= FIT_WEIGHT;
      accepted[range] *= FIT_WEIGHT;
      allGuessed += tried[range] * GUESS[range];
      allAccepted += accepted[range];
    }
  }

  /**
   * Of a row that begins.
   *
   * @param fit of the pair
   * @param target costs of p's forwards
   * @param draft costs of q's
   */
  public static DraftBudget of(DraftFit fit, ForwardCost target, ForwardCost draft) {
    return new DraftBudget(true, fit, target, draft);
  }

  /** One that is always spent to the full. */
  public static DraftBudget unlimited() {
    return new DraftBudget(false, DraftFit.UNKNOWN, ForwardCost.UNKNOWN, ForwardCost.UNKNOWN);
  }

  /**
   * Tokens to draft next, in [0, {@code most}], before q has said anything. Where none pays it is
   * one now and then, in case the text has changed.
   *
   * @param together hypotheses of the row that are drafted and verified in the same forwards
   */
  public int most(int most, int together) {
    if (!adaptive || most == 0 || pays(together)) {
      return most;
    }
    if (leftOut++ < gap) {
      return 0;
    }
    leftOut = 0;
    gap = Math.min(2 * gap, LAST_GAP);
    return 1;
  }

  private boolean pays(int together) {
    return costPerToken(meanAcceptance(), together) < plainCost(together);
  }

  /**
   * Whether one more token is to be drafted.
   *
   * @param survival the chance that all tokens drafted so far are accepted; 1 of none
   */
  public boolean goesOn(double survival, int together) {
    double cost = OPTION * (draft.share(together, 1) + target.position());
    return !adaptive || survival == 1 || survival * meanAcceptance() * worth(together) > cost;
  }

  /** Whether a token that was drafted is to be verified, by its chance of being accepted. */
  public boolean isVerified(double survival, int together) {
    return !adaptive || survival * worth(together) > target.position();
  }

  /** The chance that a token is accepted which q preferred by {@code margin}, if it is reached. */
  public double acceptance(double margin) {
    return adaptive ? acceptance(DraftFit.range(margin)) : 1;
  }

  private double acceptance(int range) {
    double scale = (allAccepted + SCALE_WEIGHT) / (allGuessed + SCALE_WEIGHT);
    double guess = Math.min(0.99, GUESS[range] * scale);
    return (guess * GUESS_WEIGHT + accepted[range]) / (GUESS_WEIGHT + tried[range]);
  }

  /** Over the margins that occur. */
  private double meanAcceptance() {
    double sum = 0;
    double weights = 0;
    for (int range = 0; range < tried.length; range++) {
      double weight = 1 + tried[range];
      sum += weight * acceptance(range);
      weights += weight;
    }
    return sum / weights;
  }

  /** What a token costs that p decodes alone. */
  private double plainCost(int together) {
    return target.share(together, 1);
  }

  /** What a token costs by the better way. */
  private double worth(int together) {
    return Math.min(plainCost(together), costPerToken(meanAcceptance(), together));
  }

  /** What a token costs with the best length of draft there is. */
  private double costPerToken(double acceptance, int together) {
    double best = Double.POSITIVE_INFINITY;
    double tokens = 1;
    double reached = 1;
    for (int length = 1; length <= LONGEST; length++) {
      reached *= acceptance;
      tokens += reached;
      double cost = target.share(together, length + 1.) + length * draft.share(together, 1);
      best = Math.min(best, cost / tokens);
    }
    return best;
  }

  /**
   * Takes note of a verification.
   *
   * @param margins of the tokens that were verified
   * @param agreed how many of them were accepted
   */
  public void observe(double[] margins, int agreed) {
    // What comes after the first rejection was not tried.
    for (int i = 0; adaptive && i < Math.min(agreed + 1, margins.length); i++) {
      int range = DraftFit.range(margins[i]);
      tried[range]++;
      allGuessed += GUESS[range];
      if (i < agreed) {
        accepted[range]++;
        allAccepted++;
        gap = FIRST_GAP;
      }
    }
  }
}
