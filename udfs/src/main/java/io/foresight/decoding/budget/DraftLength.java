package io.foresight.decoding.budget;

/**
 * g, the number of tokens to draft per verification, where it may change what is said. Adaptive, it
 * is the number that promises most tokens per cost, by the share of draft tokens that were accepted
 * so far in the row; none where no token pays, but one now and then. A function of the row's past
 * verifications alone, so that a row says the same whatever is decoded beside it, and speculation
 * stays lossless in distribution.
 */
public final class DraftLength {

  /**
   * Cost of one more draft token, in forwards of p over one token: q's forward and p's position. On
   * one core with the embedded pair it is about this; on a GPU, where a position costs next to
   * nothing, it is q's forward alone.
   */
  private static final double TOKEN_COST = 0.15;

  /** The first guess of the acceptance, 0.7, as so many tokens tried and accepted. */
  private static final double PRIOR_TRIED = 4;

  private static final double PRIOR_ACCEPTED = 2.8;

  /** Verifications of nothing between one try and the next: at first, and at most. */
  private static final int FIRST_GAP = 8;

  private static final int LAST_GAP = 64;

  private final boolean adaptive;
  private int skipped;
  private int gap = FIRST_GAP;
  private double tried = PRIOR_TRIED;
  private double accepted = PRIOR_ACCEPTED;

  /**
   * Starts with nothing observed.
   *
   * @param adaptive whether the length follows the acceptance; else it is always the most
   */
  public DraftLength(boolean adaptive) {
    this.adaptive = adaptive;
  }

  /** Tokens to draft next, in [0, {@code most}]. */
  public int next(int most) {
    int best = adaptive ? best(most) : most;
    if (best > 0) {
      skipped = 0;
      return best;
    }
    if (skipped++ < gap) {
      return 0;
    }
    skipped = 0;
    gap = Math.min(2 * gap, LAST_GAP);
    return Math.min(1, most);
  }

  private int best(int most) {
    double acceptance = accepted / tried;
    int best = 0;
    double bestRate = 1;
    // Expected tokens of a verification: p's own, and each draft token that is reached and
    // accepted.
    double tokens = 1;
    double reached = 1;
    for (int length = 1; length <= most; length++) {
      reached *= acceptance;
      tokens += reached;
      double rate = tokens / (1 + TOKEN_COST * length);
      if (rate > bestRate) {
        best = length;
        bestRate = rate;
      }
    }
    return best;
  }

  /**
   * Takes note of a verification.
   *
   * @param drafted tokens submitted
   * @param agreed tokens accepted
   */
  public void observe(int drafted, int agreed) {
    accepted += agreed;
    // What comes after the first rejection was not tried.
    tried += Math.min(agreed + 1, drafted);
  }
}
