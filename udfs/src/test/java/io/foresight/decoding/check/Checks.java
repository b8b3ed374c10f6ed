package io.foresight.decoding.check;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static io.foresight.decoding.strategy.Cdsl.ACCEPTANCE_THRESHOLD;
import static io.foresight.decoding.strategy.Cdsl.FILTER_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S3_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S4_LOOKAHEAD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.decoding.Counters;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.Toggle;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Generation;
import io.foresight.decoding.Strategies;
import io.foresight.settings.Settings;
import java.util.Arrays;

/**
 * The invariants as checks of one case; {@code decoder} is the strategy under test, or a mutant of
 * it.
 */
public final class Checks {

  private Checks() {}

  /** Decodes a case; a mutant does it wrongly. */
  @FunctionalInterface
  public interface Decoder {
    Generation decode(Case c);
  }

  /** One invariant. */
  @FunctionalInterface
  public interface Check {
    void of(Case c, Decoder decoder);
  }

  /** Invariant 1: the output of greedy decoding, or a sample, by n + 1 tokens per forward. */
  public static void speculativeIsGreedy(Case c, Decoder decoder) {
    lossless(c.with(c.settings().with(STRATEGY, "speculative")).withoutRatioTest(), decoder);
  }

  /** Invariant 1, coupled: the same tokens as the strategy that draws them one by one. */
  public static void speculativeIsSample(Case c, Decoder decoder) {
    Settings coupled = c.settings().with(VERIFICATION, Verification.COUPLED);
    int[] sample = c.with(coupled.with(STRATEGY, "sample")).decode().tokens();
    assertThat(decoder.decode(c.with(coupled.with(STRATEGY, "speculative"))).tokens())
        .isEqualTo(sample);
  }

  /** Invariant 2: thresholds that let everything pass. */
  public static void permissiveCdslIsGreedy(Case c, Decoder decoder) {
    lossless(
        c.with(
            c.settings()
                .with(STRATEGY, "cdsl")
                .with(ACCEPTANCE_THRESHOLD, 0)
                .with(REWARD_THRESHOLD, Double.NEGATIVE_INFINITY)),
        decoder);
  }

  /** Invariant 2 for {@code cdsl-tree}; its line spans a lookahead, so only tokens are compared. */
  public static void permissiveTreeIsGreedy(Case c, Decoder decoder) {
    Generation generation =
        decoder.decode(
            c.with(
                c.settings()
                    .with(STRATEGY, "cdsl-tree")
                    .with(REWARD_THRESHOLD, Double.NEGATIVE_INFINITY)));
    assertThat(generation.tokens()).isEqualTo(Reference.greedy(c));
    if (c.stop().test(generation.tokens())) {
      return;
    }
    // Every line is committed whole: what q drafted and p accepted, and p's own.
    Counters counters = generation.counters();
    assertThat(counters.committedDraft()).isEqualTo(counters.accepted());
    assertThat(counters.committedTarget())
        .isEqualTo(generation.tokens().length - counters.accepted());
  }

  private static void lossless(Case c, Decoder decoder) {
    int[] greedy = Reference.greedy(c);
    assertThat(decoder.decode(c).tokens()).isEqualTo(greedy);
    Generation fixed = decoder.decode(c.with(c.settings().with(ADAPTIVE_DRAFT, Toggle.FALSE)));
    assertThat(fixed.tokens()).isEqualTo(greedy);
    assertThat(fixed.counters().targetForwards()).isEqualTo(CdslReference.verifications(c));
  }

  /** Invariant 4, lookaheads by p, and CDLH itself. */
  public static void strictCdslIsCdlh(Case c, Decoder decoder) {
    int[] expected = Reference.cdlh(c, c.p());
    assertThat(decoder.decode(strict(c, Roller.TARGET)).tokens()).isEqualTo(expected);
    assertThat(decoder.decode(c.with(c.settings().with(STRATEGY, "cdlh"))).tokens())
        .isEqualTo(expected);
  }

  /** Invariant 4, lookaheads by q, and CDLH with approximate lookaheads itself. */
  public static void strictCdslIsCdlhAppx(Case c, Decoder decoder) {
    int[] expected = Reference.cdlh(c, c.q());
    assertThat(decoder.decode(strict(c, Roller.DRAFT)).tokens()).isEqualTo(expected);
    assertThat(decoder.decode(c.with(c.settings().with(STRATEGY, "cdlh-appx"))).tokens())
        .isEqualTo(expected);
  }

  /** Invariant 3. */
  public static void speculativeCdlhIsCdlh(Case c, Decoder decoder) {
    Case speculative = c.with(c.settings().with(STRATEGY, "cdlh-speculative"));
    assertThat(decoder.decode(speculative).tokens()).isEqualTo(Reference.cdlh(c, c.p()));
  }

  private static Case strict(Case c, Roller roller) {
    return c.with(
        c.settings()
            .with(STRATEGY, "cdsl")
            .with(REWARD_MODE, RewardMode.LEVEL)
            .with(REWARD_THRESHOLD, Double.POSITIVE_INFINITY)
            .with(FILTER_LOOKAHEAD, 0)
            .with(S3_LOOKAHEAD, roller)
            .with(S4_LOOKAHEAD, roller));
  }

  /** The action table: tokens and states of {@code cdsl} under any of its settings. */
  public static void cdslFollowsItsTable(Case c, Decoder decoder) {
    Case fixed =
        c.with(
            c.settings()
                .with(STRATEGY, "cdsl")
                .with(FILTER_LOOKAHEAD, 0)
                .with(ADAPTIVE_DRAFT, Toggle.FALSE));
    CdslReference.Steps expected = CdslReference.cdsl(fixed);
    Generation generation = decoder.decode(fixed);
    Counters counters = generation.counters();
    assertThat(generation.tokens()).isEqualTo(expected.tokens());
    assertThat(new long[] {counters.s1(), counters.s2(), counters.s3(), counters.s4()})
        .isEqualTo(Arrays.stream(expected.states()).asLongStream().toArray());
  }

  /** Invariants 6 (log_prob) and 8, and the edge rules on endings, for the strategy as set. */
  public static void addsUp(Case c, Decoder decoder) {
    c.p().reset();
    c.q().reset();
    c.reward().reset();
    Generation generation = decoder.decode(c);
    Counters counters = generation.counters();
    int[] tokens = generation.tokens();
    assertThat(tokens).hasSizeBetween(1, c.limit());
    for (int i = 0; i < tokens.length; i++) {
      boolean last = i == tokens.length - 1;
      boolean stopped = c.stop().test(Arrays.copyOf(tokens, i + 1));
      assertThat(c.p().isEos(tokens[i]) || stopped).isEqualTo(last && generation.ended());
    }
    assertThat(generation.ended() || tokens.length == c.limit()).isTrue();
    assertThat(generation.logProb()).isCloseTo(Reference.logProb(c, tokens), within(1e-4));
    assertThat(counters.committed()).isEqualTo(tokens.length);
    assertThat(counters.targetForwards()).isEqualTo(c.p().forwards());
    assertThat(counters.targetPositions()).isEqualTo(c.p().positions());
    assertThat(counters.draftForwards()).isEqualTo(c.q().forwards());
    assertThat(counters.draftPositions()).isEqualTo(c.q().positions());
    assertThat(counters.rewardCalls()).isEqualTo(c.reward().calls());
    assertThat(counters.beyondDraftContext())
        .isEqualTo(
            Strategies.of(c.settings()).usesDraft() ? Reference.beyondDraftContext(c, tokens) : 0);
    assertThat(counters.accepted()).isBetween(0L, counters.drafted());
    assertThat(counters.committedDraft()).isLessThanOrEqualTo(counters.accepted());
    assertThat(c.p().openSequences()).isZero();
    assertThat(c.q().openSequences()).isZero();
  }
}
