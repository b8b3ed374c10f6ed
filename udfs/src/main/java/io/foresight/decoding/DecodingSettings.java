package io.foresight.decoding;

import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import java.util.List;
import java.util.Map;

/** The settings that several strategies read, and the types of their values. */
public final class DecodingSettings implements SettingGroup {

  public static final Setting<String> STRATEGY =
      Setting.oneOf("decoding.strategy", "cdsl", Strategies::names)
          .changes(Setting.Effect.GENERATION)
          .does(
              "greedy, sample, best-of-n, speculative, cdlh, cdlh-appx, cdsl, cdlh-speculative, cdsl-tree, or one of a jar of --jars");

  public static final Setting<Integer> MAX_NEW_TOKENS =
      Setting.whole("decoding.max-new-tokens", 32, 1)
          .changes(Setting.Effect.GENERATION)
          .does("Most tokens to generate");

  public static final Setting<List<String>> STOP =
      Setting.texts("decoding.stop")
          .changes(Setting.Effect.GENERATION)
          .does(
              "Texts that end a row as EOS does, as soon as its output holds one; cut from the output, with what follows. A list, or one");

  public static final Setting<Integer> MIN_NEW_TOKENS =
      Setting.whole("decoding.min-new-tokens", 0, 0)
          .changes(Setting.Effect.GENERATION)
          .does("No EOS before so many tokens");

  public static final Setting<Double> REPETITION_PENALTY =
      Setting.number(
              "decoding.repetition-penalty",
              1.0,
              // Of others logits overflow, which would take the rows of the same forward along.
              value -> value >= 0.001 && value <= 1000,
              "in [0.001, 1000]")
          .changes(Setting.Effect.GENERATION)
          .does(
              "What the logits of tokens that prompt or output have are divided by, or multiplied by where they are negative; 1 for none");

  public static final Setting<Integer> NO_REPEAT_NGRAM =
      Setting.whole("decoding.no-repeat-ngram", 0, 0)
          .changes(Setting.Effect.GENERATION)
          .does(
              "n of n-grams of tokens that prompt and output together have at most once; 0 for none");

  public static final Setting<List<String>> BANNED_TOKENS =
      Setting.texts("decoding.banned-tokens")
          .changes(Setting.Effect.GENERATION)
          .does("Tokens that are never generated: ids, or texts that are one token each");

  public static final Setting<Map<String, Object>> TOKEN_BIAS =
      Setting.group("decoding.token-bias", Map.of(), "{}")
          .changes(Setting.Effect.GENERATION)
          .does(
              "What is added to the logits of tokens: a number for each id, or for each text that is one token, such as { \"42\" = -1.5 }");

  public static final Setting<Double> TEMPERATURE =
      Setting.number(
              "decoding.temperature",
              1.0,
              // Below it scores overflow, or lose what noise adds to them.
              value -> value >= 0.001 && Double.isFinite(value),
              "finite and at least 0.001 (at 0 it would be decoding.strategy = greedy)")
          .changes(Setting.Effect.GENERATION)
          .does(
              "Where tokens are sampled (sample, best-of-n, verification = coupled or sampling): softmax temperature");

  public static final Setting<Integer> TOP_K =
      Setting.whole("decoding.top-k", 0, 0)
          .changes(Setting.Effect.GENERATION)
          .does("The same: keeps the most probable ids; 0 keeps all");

  public static final Setting<Double> TOP_P =
      Setting.number("decoding.top-p", 1.0, value -> value > 0 && value <= 1, "in (0, 1]")
          .changes(Setting.Effect.GENERATION)
          .does("The same: keeps the fewest ids whose probabilities reach this");

  public static final Setting<Verification> VERIFICATION =
      Setting.choice("decoding.verification", Verification.HARD)
          .changes(Setting.Effect.GENERATION)
          .does(
              "How p verifies a draft: hard (greedy; nothing is sampled), coupled (every strategy that chooses samples, with noise that p and q share: the same texts whatever is drafted), sampling (in speculative the ratio test of speculative sampling; elsewhere coupled)");

  public static final Setting<Outputs> OUTPUTS =
      Setting.choice("decoding.outputs", Outputs.ONE)
          .changes(Setting.Effect.GENERATION)
          .does(
              "Which texts of a row are written: one; or all, in a column outputs beside it: those that best-of-n chooses among, or decoding.samples of sample");

  public static final Setting<Integer> SAMPLES =
      Setting.whole("decoding.samples", 5, 1)
          .changes(Setting.Effect.GENERATION)
          .does("best-of-n, and sample with outputs = all: samples per row");

  public static final Setting<Integer> LOOKAHEAD =
      Setting.whole("decoding.lookahead", 16, 0)
          .alias("decoding.d")
          .changes(Setting.Effect.GENERATION)
          .does(
              "d, tokens that a lookahead has after its candidate, and the hypothesis of cdsl-tree");

  public static final Setting<Integer> DRAFT_LENGTH =
      Setting.whole("decoding.draft-length", 16, 1)
          .alias("decoding.g")
          .changes(Setting.Effect.GENERATION)
          .does("g, tokens drafted per verification");

  public static final Setting<Integer> CANDIDATES =
      Setting.whole("decoding.candidates", 5, 1)
          .alias("decoding.k")
          .changes(Setting.Effect.GENERATION)
          .does(
              "k, candidates per step of cdlh, cdlh-appx, cdsl and cdlh-speculative, and per place of cdsl-tree");

  public static final Setting<Integer> LOOKAHEAD_DRAFT =
      Setting.whole("decoding.lookahead-draft", 8, 1)
          .changes(Setting.Effect.GENERATION)
          .does("Most tokens per round of a speculated lookahead, of cdsl or cdlh-speculative");

  public static final Setting<Toggle> ADAPTIVE_DRAFT =
      Setting.choice("decoding.adaptive-draft", Toggle.AUTO)
          .changes(Setting.Effect.GENERATION)
          .does(
              "Whether the draft length follows the acceptance, up to draft-length, and down to none where no draft pays: auto (speculative, cdlh-speculative, cdsl-tree, and cdsl where s3 and s4 do the same), true, false");

  public static final Setting<Toggle> HINTS =
      Setting.choice("decoding.hints", Toggle.AUTO)
          .changes(Setting.Effect.GENERATION)
          .does(
              "Whether strings that the reward asks for join the candidates: auto (in cdsl-tree), true, false");

  public static final Setting<Double> REWARD_WEIGHT =
      Setting.number(
              "reward.weight",
              10.0,
              value -> value >= 0 && Double.isFinite(value),
              "finite and at least 0")
          .alias("decoding.lambda", "reward.lambda")
          .changes(Setting.Effect.GENERATION)
          .does("lambda, nats that the whole reward is worth against log p");

  public static final Setting<Double> REWARD_THRESHOLD =
      Setting.numberOrAuto(
              "reward.threshold", value -> !value.isNaN(), "auto, a number, infinity or -infinity")
          .alias("decoding.tauR", "decoding.tau-r", "reward.tauR", "reward.tau-r")
          .changes(Setting.Effect.GENERATION)
          .does(
              "tauR, score from which a hypothesis passes: auto (each reward's own threshold); or one for all, a number, infinity or -infinity");

  public static final Setting<RewardMode> REWARD_MODE =
      Setting.choice("reward.mode", RewardMode.AUTO)
          .changes(Setting.Effect.GENERATION)
          .does(
              "auto (each reward's own mode); or one for all, gain (passes if the score rises or reaches the threshold), level (if it reaches it)");

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

  /** Which hypothesis is judged. */
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

  /** Which texts of a row are written. */
  public enum Outputs {
    /** The one that the strategy decides for. */
    ONE,
    /** That, and all that it had. */
    ALL
  }

  @Override
  public List<Setting<?>> settings() {
    return Setting.declaredIn(DecodingSettings.class);
  }
}
