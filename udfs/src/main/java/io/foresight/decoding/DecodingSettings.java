package io.foresight.decoding;

import java.io.Serializable;
import java.util.Objects;

/**
 * The settings of every strategy; each strategy reads the ones it knows.
 *
 * @param strategy one of the names of the strategies
 * @param maxNewTokens most tokens to generate; at least 1. The row's {@link Request} carries it
 * @param temperature softmax temperature of sampling; above 0
 * @param topK sampling keeps the most probable {@code topK} ids; 0 keeps all
 * @param topP sampling keeps the fewest most probable ids whose probabilities sum to {@code topP};
 *     in (0, 1], 1 keeps all
 * @param samples n of best-of-n; at least 1
 * @param verification how p verifies a draft, and with that whether a strategy samples which does
 *     not do so by its name
 * @param lookahead d, tokens of a lookahead after its candidate; at least 0
 * @param draftLength g, tokens drafted per verification; at least 1
 * @param candidates k, candidates per step; at least 1
 * @param rewardWeight lambda, weight of the reward against log p, in nats; at least 0
 * @param acceptanceThreshold tauA, share of accepted draft tokens from which a draft counts as
 *     accepted; at least 0, above 1 never
 * @param rewardThreshold tauR, score from which a line passes every part of the reward; -infinity
 *     always, +infinity never; NaN leaves it to the reward's {@link Criterion}
 * @param rewardMode whether a line also passes by raising the reward
 * @param rewardSpan which line is judged
 * @param s2Action what S2 commits
 * @param s3Lookahead whose lookahead S3 takes
 * @param s4Lookahead whose lookahead S4 takes
 * @param speculateLookahead whether a target lookahead of {@code cdsl} is drafted by q and verified
 *     by p, and only for candidates that can still win: the same tokens for fewer forwards and
 *     positions
 * @param lookaheadDraft most tokens drafted per round of such a lookahead, and of the rollouts of
 *     {@code cdlh-speculative}; at least 1
 * @param reuseRollouts whether {@code cdlh} and {@code cdlh-appx} go on from the committed
 *     candidate's rollout instead of rolling it out again; the same tokens, fewer positions
 * @param window positions that {@code cdlh-speculative} judges at a time, the next token's and
 *     those that follow it on p's greedy path; at least 1, or 0 for the device's default
 * @param adaptiveDraft whether the draft length follows the row's acceptance, up to {@code
 *     draftLength}. By default in {@code speculative}, {@code cdlh-speculative} and {@code
 *     cdsl-tree}, whose output does not depend on it (in distribution, where it is sampled), and in
 *     {@code cdsl} where acceptance chooses between no different actions
 * @param hints whether strings that the reward asks for join the candidates. By default in {@code
 *     cdsl-tree}
 * @param tree what {@code cdsl-tree} does where a line fails
 */
public record DecodingSettings(
    String strategy,
    int maxNewTokens,
    double temperature,
    int topK,
    double topP,
    int samples,
    Verification verification,
    int lookahead,
    int draftLength,
    int candidates,
    double rewardWeight,
    double acceptanceThreshold,
    double rewardThreshold,
    RewardMode rewardMode,
    RewardSpan rewardSpan,
    S2Action s2Action,
    Roller s3Lookahead,
    Roller s4Lookahead,
    boolean speculateLookahead,
    int lookaheadDraft,
    boolean reuseRollouts,
    int window,
    Toggle adaptiveDraft,
    Toggle hints,
    Tree tree)
    implements Serializable {

  /** A setting that each strategy has a default of its own for. */
  public enum Toggle {
    /** As suits the strategy. */
    AUTO,
    /** On. */
    TRUE,
    /** Off. */
    FALSE;

    /** Whether it is on where AUTO means {@code byDefault}. */
    public boolean on(boolean byDefault) {
      return this == AUTO ? byDefault : this == TRUE;
    }
  }

  /**
   * What {@code cdsl-tree} does where a line fails.
   *
   * @param rounds branchings per row before it goes on by plain speculation; at least 0
   * @param width candidates that q rolls out per branching; at least 1
   * @param verify rollouts that p verifies per branching; at least 1
   * @param rollout tokens that q rolls out after a candidate; at least 0
   */
  public record Tree(int rounds, int width, int verify, int rollout) implements Serializable {

    /** Checks every range. */
    public Tree {
      check(rounds >= 0, "tree.rounds", rounds, "at least 0");
      check(width >= 1, "tree.width", width, "at least 1");
      check(verify >= 1, "tree.verify", verify, "at least 1");
      check(rollout >= 0, "tree.rollout", rollout, "at least 0");
    }
  }

  /** How p verifies a draft, and with that whether a strategy samples. */
  public enum Verification {
    /** A draft token is accepted if it is p's arg max. Nothing is sampled. */
    HARD,
    /**
     * The same of scores that {@link Noise} perturbs, p's and q's alike: every strategy samples,
     * and draws the same whatever is drafted.
     */
    COUPLED,
    /**
     * In {@code speculative} the ratio test: a draft token is accepted with probability min(1, p /
     * q). In every other strategy the same as {@link #COUPLED}.
     */
    SAMPLING
  }

  /** When a line's reward passes. A finished text is always judged by level. */
  public enum RewardMode {
    /** If it is above the reward of what was generated so far, or reaches the threshold. */
    GAIN,
    /** If it reaches the threshold. */
    LEVEL,
    /** As the reward's {@link Criterion} says. */
    AUTO
  }

  /** Which line is judged. */
  public enum RewardSpan {
    /** The accepted part of the draft and p's own token. */
    ACCEPTED,
    /** The whole draft; p's own token where nothing was drafted. */
    DRAFT
  }

  /** What S2 (draft rejected, reward passes) commits. */
  public enum S2Action {
    /** The accepted part of the draft and p's own token. */
    PREFIX,
    /** The first token of that. */
    ONE_TOKEN,
    /** That up to the token at which the reward last rose; the first token if it never did. */
    TO_LAST_GAIN
  }

  /** Who rolls candidates out. */
  public enum Roller {
    /** q. */
    DRAFT,
    /** p. */
    TARGET
  }

  /** Checks every range. */
  public DecodingSettings {
    Objects.requireNonNull(strategy, "strategy");
    Objects.requireNonNull(verification, "verification");
    Objects.requireNonNull(rewardMode, "rewardMode");
    Objects.requireNonNull(rewardSpan, "rewardSpan");
    Objects.requireNonNull(s2Action, "s2Action");
    Objects.requireNonNull(s3Lookahead, "s3Lookahead");
    Objects.requireNonNull(s4Lookahead, "s4Lookahead");
    check(maxNewTokens >= 1, "maxNewTokens", maxNewTokens, "at least 1");
    check(
        temperature > 0 && temperature < Double.POSITIVE_INFINITY,
        "temperature",
        temperature,
        "above 0");
    check(topK >= 0, "topK", topK, "at least 0");
    check(topP > 0 && topP <= 1, "topP", topP, "in (0, 1]");
    check(samples >= 1, "samples", samples, "at least 1");
    check(lookahead >= 0, "lookahead", lookahead, "at least 0");
    check(draftLength >= 1, "draftLength", draftLength, "at least 1");
    check(candidates >= 1, "candidates", candidates, "at least 1");
    check(
        rewardWeight >= 0 && rewardWeight < Double.POSITIVE_INFINITY,
        "rewardWeight",
        rewardWeight,
        "finite and at least 0");
    check(acceptanceThreshold >= 0, "acceptanceThreshold", acceptanceThreshold, "at least 0");
    check(lookaheadDraft >= 1, "lookaheadDraft", lookaheadDraft, "at least 1");
    check(window >= 0, "window", window, "at least 1, or 0 for the device's default");
    Objects.requireNonNull(adaptiveDraft, "adaptiveDraft");
    Objects.requireNonNull(hints, "hints");
    Objects.requireNonNull(tree, "tree");
  }

  private static void check(boolean valid, String name, Object value, String range) {
    if (!valid) {
      throw new IllegalArgumentException(
          "Cannot set %s to %s: it must be %s".formatted(name, value, range));
    }
  }

  /** The defaults, for {@code cdsl}. */
  public static DecodingSettings defaults() {
    return new Builder().build();
  }

  /** The defaults, to be changed. */
  public static Builder builder() {
    return new Builder();
  }

  /** These settings, to be changed. */
  public Builder toBuilder() {
    return new Builder()
        .strategy(strategy)
        .maxNewTokens(maxNewTokens)
        .temperature(temperature)
        .topK(topK)
        .topP(topP)
        .samples(samples)
        .verification(verification)
        .lookahead(lookahead)
        .draftLength(draftLength)
        .candidates(candidates)
        .rewardWeight(rewardWeight)
        .acceptanceThreshold(acceptanceThreshold)
        .rewardThreshold(rewardThreshold)
        .rewardMode(rewardMode)
        .rewardSpan(rewardSpan)
        .s2Action(s2Action)
        .s3Lookahead(s3Lookahead)
        .s4Lookahead(s4Lookahead)
        .speculateLookahead(speculateLookahead)
        .lookaheadDraft(lookaheadDraft)
        .reuseRollouts(reuseRollouts)
        .window(window)
        .adaptiveDraft(adaptiveDraft)
        .hints(hints)
        .tree(tree);
  }

  /** Collects settings; each method sets the component of its name. */
  public static final class Builder {

    private String strategy = "cdsl";
    private int maxNewTokens = 32;
    private double temperature = 1;
    private int topK = 0;
    private double topP = 1;
    private int samples = 5;
    private Verification verification = Verification.HARD;
    private int lookahead = 16;
    private int draftLength = 16;
    private int candidates = 5;
    private double rewardWeight = 10;
    private double acceptanceThreshold = 0.3;
    private double rewardThreshold = Double.NaN;
    private RewardMode rewardMode = RewardMode.AUTO;
    private RewardSpan rewardSpan = RewardSpan.ACCEPTED;
    private S2Action s2Action = S2Action.PREFIX;
    private Roller s3Lookahead = Roller.TARGET;
    private Roller s4Lookahead = Roller.TARGET;
    private boolean speculateLookahead = true;
    private int lookaheadDraft = 8;
    private boolean reuseRollouts = false;
    private int window = 0;
    private Toggle adaptiveDraft = Toggle.AUTO;
    private Toggle hints = Toggle.AUTO;
    private Tree tree = new Tree(6, 40, 8, 16);

    private Builder() {}

    /** Sets {@link DecodingSettings#strategy()}; default {@code cdsl}. */
    public Builder strategy(String value) {
      strategy = value;
      return this;
    }

    /** Sets {@link DecodingSettings#maxNewTokens()}; default {@code 32}. */
    public Builder maxNewTokens(int value) {
      maxNewTokens = value;
      return this;
    }

    /** Sets {@link DecodingSettings#temperature()}; default {@code 1}. */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** Sets {@link DecodingSettings#topK()}; default {@code 0}. */
    public Builder topK(int value) {
      topK = value;
      return this;
    }

    /** Sets {@link DecodingSettings#topP()}; default {@code 1}. */
    public Builder topP(double value) {
      topP = value;
      return this;
    }

    /** Sets {@link DecodingSettings#samples()}; default {@code 5}. */
    public Builder samples(int value) {
      samples = value;
      return this;
    }

    /** Sets {@link DecodingSettings#verification()}; default {@code HARD}. */
    public Builder verification(Verification value) {
      verification = value;
      return this;
    }

    /** Sets {@link DecodingSettings#lookahead()}; default {@code 16}. */
    public Builder lookahead(int value) {
      lookahead = value;
      return this;
    }

    /** Sets {@link DecodingSettings#draftLength()}; default {@code 16}. */
    public Builder draftLength(int value) {
      draftLength = value;
      return this;
    }

    /** Sets {@link DecodingSettings#candidates()}; default {@code 5}. */
    public Builder candidates(int value) {
      candidates = value;
      return this;
    }

    /** Sets {@link DecodingSettings#rewardWeight()}; default {@code 10}. */
    public Builder rewardWeight(double value) {
      rewardWeight = value;
      return this;
    }

    /** Sets {@link DecodingSettings#acceptanceThreshold()}; default {@code 0.3}. */
    public Builder acceptanceThreshold(double value) {
      acceptanceThreshold = value;
      return this;
    }

    /** Sets {@link DecodingSettings#rewardThreshold()}; default {@code NaN}. */
    public Builder rewardThreshold(double value) {
      rewardThreshold = value;
      return this;
    }

    /** Sets {@link DecodingSettings#rewardMode()}; default {@code AUTO}. */
    public Builder rewardMode(RewardMode value) {
      rewardMode = value;
      return this;
    }

    /** Sets {@link DecodingSettings#rewardSpan()}; default {@code ACCEPTED}. */
    public Builder rewardSpan(RewardSpan value) {
      rewardSpan = value;
      return this;
    }

    /** Sets {@link DecodingSettings#s2Action()}; default {@code PREFIX}. */
    public Builder s2Action(S2Action value) {
      s2Action = value;
      return this;
    }

    /** Sets {@link DecodingSettings#s3Lookahead()}; default {@code TARGET}. */
    public Builder s3Lookahead(Roller value) {
      s3Lookahead = value;
      return this;
    }

    /** Sets {@link DecodingSettings#s4Lookahead()}; default {@code TARGET}. */
    public Builder s4Lookahead(Roller value) {
      s4Lookahead = value;
      return this;
    }

    /** Sets {@link DecodingSettings#speculateLookahead()}; default {@code true}. */
    public Builder speculateLookahead(boolean value) {
      speculateLookahead = value;
      return this;
    }

    /** Sets {@link DecodingSettings#lookaheadDraft()}; default {@code 8}. */
    public Builder lookaheadDraft(int value) {
      lookaheadDraft = value;
      return this;
    }

    /** Sets {@link DecodingSettings#reuseRollouts()}; default {@code false}. */
    public Builder reuseRollouts(boolean value) {
      reuseRollouts = value;
      return this;
    }

    /** Sets {@link DecodingSettings#window()}; default {@code 0}. */
    public Builder window(int value) {
      window = value;
      return this;
    }

    /** Sets {@link DecodingSettings#adaptiveDraft()}; default {@code AUTO}. */
    public Builder adaptiveDraft(Toggle value) {
      adaptiveDraft = value;
      return this;
    }

    /** Sets {@link DecodingSettings#hints()}; default {@code AUTO}. */
    public Builder hints(Toggle value) {
      hints = value;
      return this;
    }

    /** Sets {@link DecodingSettings#tree()}; default 6 rounds, width 40, verify 8, rollout 16. */
    public Builder tree(Tree value) {
      tree = value;
      return this;
    }

    /** The settings, if all are in range. */
    public DecodingSettings build() {
      return new DecodingSettings(
          strategy,
          maxNewTokens,
          temperature,
          topK,
          topP,
          samples,
          verification,
          lookahead,
          draftLength,
          candidates,
          rewardWeight,
          acceptanceThreshold,
          rewardThreshold,
          rewardMode,
          rewardSpan,
          s2Action,
          s3Lookahead,
          s4Lookahead,
          speculateLookahead,
          lookaheadDraft,
          reuseRollouts,
          window,
          adaptiveDraft,
          hints,
          tree);
    }
  }
}
