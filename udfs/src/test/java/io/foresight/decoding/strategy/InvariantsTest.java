package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD_DRAFT;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.SAMPLES;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static io.foresight.decoding.strategy.Cdlh.REUSE_ROLLOUTS;
import static io.foresight.decoding.strategy.CdlhSpeculative.WINDOW;
import static io.foresight.decoding.strategy.Cdsl.ACCEPTANCE_THRESHOLD;
import static io.foresight.decoding.strategy.Cdsl.FILTER_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S2_ACTION;
import static io.foresight.decoding.strategy.Cdsl.S3_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S4_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.SPECULATE_LOOKAHEAD;
import static io.foresight.decoding.strategy.CdslTree.TREE_ROLLOUT;
import static io.foresight.decoding.strategy.CdslTree.TREE_ROUNDS;
import static io.foresight.decoding.strategy.CdslTree.TREE_VERIFY;
import static io.foresight.decoding.strategy.CdslTree.TREE_WIDTH;
import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.Counters;
import io.foresight.decoding.Criterion;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.Toggle;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Generation;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Request;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.check.Case;
import io.foresight.decoding.check.CdslReference;
import io.foresight.decoding.check.Checks;
import io.foresight.decoding.check.FakeModel;
import io.foresight.decoding.check.Reference;
import io.foresight.decoding.search.ForwardingModel;
import io.foresight.settings.Settings;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The invariants over many random rows, others in each run. */
class InvariantsTest {

  @Property(tries = 1500)
  void speculativeEqualsGreedy(@ForAll long seed) {
    Checks.speculativeIsGreedy(Case.of(seed), Case::decode);
  }

  @Property(tries = 2500)
  void coupledSpeculativeEqualsSample(@ForAll long seed) {
    Checks.speculativeIsSample(Case.of(seed), Case::decode);
  }

  /** Only {@code speculative} has a ratio test, which never sees the noise that p and q share. */
  @Property(tries = 500)
  void noiseIsNeverCombinedWithTheRatioTest(@ForAll long seed) {
    Case c = Case.of(seed);
    for (String name : Strategies.names()) {
      for (Verification verification : Verification.values()) {
        Settings settings = c.settings().with(STRATEGY, name).with(VERIFICATION, verification);
        boolean ratioTest = name.equals("speculative") && verification == Verification.SAMPLING;
        boolean noisy =
            name.equals("sample")
                || name.equals("best-of-n")
                || (!name.equals("greedy") && !ratioTest && verification != Verification.HARD);
        Strategies.of(settings)
            .decode(asked(c.p(), noisy, ratioTest), asked(c.q(), noisy, ratioTest), c.request());
      }
    }
  }

  /** A model that is asked for scores with noise or without, and for rows or not. */
  private static LanguageModel asked(FakeModel model, boolean noisy, boolean rows) {
    return new ForwardingModel(model) {
      @Override
      public List<Scores> extend(List<ForwardRequest> extensions) {
        for (ForwardRequest extension : extensions) {
          if (extension.asked() > 0) {
            assertThat(extension.ask().noise() != null).isEqualTo(noisy);
            assertThat(extension.ask().rows()).isEqualTo(rows);
          }
        }
        return model.extend(extensions);
      }
    };
  }

  /** Another draft, or none, or another number of tokens, is another way to the same sample. */
  @Property(tries = 500)
  void coupledOutputIsThatOfNoDraft(@ForAll long seed) {
    Case c = Case.of(seed);
    Settings coupled = c.settings().with(VERIFICATION, Verification.COUPLED);
    int[] sample = c.with(coupled.with(STRATEGY, "sample")).decode().tokens();
    int[] cdlh = c.with(coupled.with(STRATEGY, "cdlh")).decode().tokens();
    for (int length = 1; length <= 4; length++) {
      for (FakeModel draft : List.of(c.q(), c.p().again(), c.q().withContext(length))) {
        Case other = c.withDraft(draft);
        Settings drafting = coupled.with(DRAFT_LENGTH, length).with(LOOKAHEAD_DRAFT, length);
        assertThat(other.with(drafting.with(STRATEGY, "speculative")).decode().tokens())
            .isEqualTo(sample);
        assertThat(other.with(drafting.with(STRATEGY, "cdlh-speculative")).decode().tokens())
            .isEqualTo(cdlh);
      }
    }
  }

  @Property(tries = 1500)
  void permissiveCdslEqualsGreedy(@ForAll long seed) {
    Checks.permissiveCdslIsGreedy(Case.of(seed), Case::decode);
  }

  @Property(tries = 1500)
  void permissiveTreeEqualsGreedy(@ForAll long seed) {
    Checks.permissiveTreeIsGreedy(Case.of(seed), Case::decode);
  }

  @Property(tries = 2500)
  void treeEndsForHostileRewardsAndHints(@ForAll long seed) {
    Case c = Case.of(seed);
    // A threshold that no line reaches: every round is used, and the row still ends.
    Settings hostile =
        c.settings().with(STRATEGY, "cdsl-tree").with(REWARD_THRESHOLD, Double.POSITIVE_INFINITY);
    Checks.addsUp(c.with(hostile), Case::decode);
    Generation plain =
        c.with(
                hostile
                    .with(TREE_ROUNDS, 0)
                    .with(TREE_WIDTH, 1)
                    .with(TREE_VERIFY, 1)
                    .with(TREE_ROLLOUT, 0))
            .decode();
    assertThat(plain.tokens()).isEqualTo(Reference.greedy(c));
  }

  /** A reward that says nothing of its row. */
  private static final HypothesisReward SILENT =
      new HypothesisReward() {
        @Override
        public Judgement judge(int[] generated, boolean finished) {
          return new Judgement(1, new double[0]);
        }

        @Override
        public List<Criterion> criteria() {
          return List.of();
        }

        @Override
        public boolean isJudging() {
          return false;
        }
      };

  private static Generation unjudged(Case c, String strategy) {
    Settings settings = c.settings().with(STRATEGY, strategy).with(VERIFICATION, Verification.HARD);
    Request request =
        new Request(c.prompt(), settings.get(MAX_NEW_TOKENS), SILENT, 7).under(c.rules(), c.stop());
    return Strategies.of(settings).decode(c.p(), c.q(), request);
  }

  @Property(tries = 1000)
  void aRowThatNothingJudgesIsDecodedGreedilyWithoutLookaheads(@ForAll long seed) {
    Case any = Case.of(seed);
    Case c = any.with(any.settings().with(VERIFICATION, Verification.HARD));
    Counters greedy = unjudged(c, "greedy").counters();
    for (String strategy : Strategies.names()) {
      if (strategy.equals("sample") || strategy.equals("best-of-n")) {
        continue;
      }
      Generation generation = unjudged(c, strategy);
      Counters counters = generation.counters();
      assertThat(generation.tokens()).as(strategy).isEqualTo(Reference.greedy(c));
      assertThat(counters.committedCandidate()).as(strategy).isZero();
      assertThat(counters.s3() + counters.s4()).as(strategy).isZero();
      if (!c.stop().test(generation.tokens())) {
        // Else forwards run on behind what stops a row, as far as a lookahead.
        assertThat(counters.targetForwards())
            .as(strategy)
            .isLessThanOrEqualTo(greedy.targetForwards());
      }
      if (strategy.equals("cdlh") || strategy.equals("cdlh-appx")) {
        assertThat(counters.targetPositions()).as(strategy).isEqualTo(greedy.targetPositions());
        assertThat(counters.draftForwards()).as(strategy).isZero();
        assertThat(counters.rewardCalls()).as(strategy).isZero();
      }
    }
    // Whatever S2 does to lines that may be led astray, here there is no other way.
    assertThat(
            unjudged(c.with(c.settings().with(ADAPTIVE_DRAFT, Toggle.FALSE)), "cdsl")
                .counters()
                .targetForwards())
        .isEqualTo(
            unjudged(c.with(c.settings().with(ADAPTIVE_DRAFT, Toggle.FALSE)), "speculative")
                .counters()
                .targetForwards());
  }

  @Property(tries = 1500)
  void strictCdslEqualsCdlh(@ForAll long seed) {
    Checks.strictCdslIsCdlh(Case.of(seed), Case::decode);
  }

  @Property(tries = 5000)
  void speculativeCdlhEqualsCdlh(@ForAll long seed) {
    Checks.speculativeCdlhIsCdlh(Case.of(seed), Case::decode);
  }

  @Property(tries = 1500)
  void strictCdslEqualsCdlhAppx(@ForAll long seed) {
    Checks.strictCdslIsCdlhAppx(Case.of(seed), Case::decode);
  }

  @Property(tries = 2500)
  void cdslFollowsItsTable(@ForAll long seed) {
    Checks.cdslFollowsItsTable(Case.of(seed), Case::decode);
  }

  /** An edge rule: what a row is given depends on p's context alone. */
  @Property(tries = 1000)
  void theDraftsContextChangesNoLosslessOutput(@ForAll long seed) {
    Case c = Case.of(seed);
    for (String name : new String[] {"speculative", "cdlh-speculative"}) {
      Case named = c.with(c.settings().with(STRATEGY, name)).withoutRatioTest();
      int[] tokens = named.draftingInFullContext().decode().tokens();
      for (int context = 1; context <= c.prompt().length + 2; context++) {
        Case shorter = named.withDraft(c.q().withContext(context));
        assertThat(shorter.decode().tokens()).isEqualTo(tokens);
      }
    }
  }

  @Property(tries = 1000)
  void moreSamplesNeverLowerTheReward(@ForAll long seed) {
    Case c = Case.of(seed);
    double before = Double.NEGATIVE_INFINITY;
    // The first samples stay the same as more are drawn, so the best reward can only rise.
    for (int n = 1; n <= 4; n++) {
      Case more = c.with(c.settings().with(STRATEGY, "best-of-n").with(SAMPLES, n));
      double reward = c.reward().judge(more.decode().tokens(), true).reward();
      assertThat(reward).isGreaterThanOrEqualTo(before);
      before = reward;
    }
  }

  @Property(tries = 1000)
  void nothingIsComputedTwice(@ForAll long seed) {
    for (String name : new String[] {"greedy", "speculative", "cdlh", "cdlh-appx", "cdsl"}) {
      Case c = Case.of(seed).draftingInFullContext().withoutRatioTest();
      c.with(
              c.settings()
                  .with(STRATEGY, name)
                  .with(REUSE_ROLLOUTS, true)
                  // A rollout by p may roll back rejected draft tokens that a later one needs.
                  .with(S3_LOOKAHEAD, Roller.DRAFT)
                  .with(S4_LOOKAHEAD, Roller.DRAFT)
                  .with(SPECULATE_LOOKAHEAD, false))
          .decode();
      assertThat(c.p().recomputed()).as("positions of p, by %s", name).isZero();
      assertThat(c.q().recomputed()).as("positions of q, by %s", name).isZero();
    }
  }

  @Property(tries = 1000)
  void speculativeCdlhComputesNothingTwiceIfAllDraftsAreAccepted(@ForAll long seed) {
    Case c = Case.of(seed).draftingWithTarget();
    Generation generation = c.with(c.settings().with(STRATEGY, "cdlh-speculative")).decode();
    assertThat(generation.counters().accepted()).isEqualTo(generation.counters().drafted());
    assertThat(c.p().recomputed()).isZero();
  }

  @Property(tries = 1000)
  void speculativeCdlhTakesTwoForwardsPerTokenIfAllDraftsAreAccepted(@ForAll long seed) {
    Case c = Case.of(seed).draftingWithTarget();
    int whole = Math.max(1, c.settings().get(LOOKAHEAD));
    Generation generation =
        c.with(
                c.settings()
                    .with(STRATEGY, "cdlh-speculative")
                    .with(DRAFT_LENGTH, whole)
                    .with(LOOKAHEAD_DRAFT, whole)
                    .with(ADAPTIVE_DRAFT, Toggle.FALSE))
            .decode();
    // One for the line, one for all rollouts.
    assertThat(generation.counters().targetForwards())
        .isLessThanOrEqualTo(2L * generation.tokens().length);
  }

  @Property(tries = 1000)
  void everyRoundOfSpeculativeCdlhKnowsMore(@ForAll long seed) {
    Case c = Case.of(seed);
    Generation generation =
        c.with(c.settings().with(STRATEGY, "cdlh-speculative").with(WINDOW, 1)).decode();
    // The line and the longest rollout each gain a token at least, whatever q drafts.
    assertThat(generation.counters().targetForwards())
        .isLessThanOrEqualTo((2L * c.settings().get(LOOKAHEAD) + 1) * generation.tokens().length);
  }

  @Property(tries = 1000)
  void satisfiedRowCostsSpeculativeCdlhNoMoreThanSpeculation(@ForAll long seed) {
    Case c = Case.of(seed);
    Settings fixed = c.settings().with(ADAPTIVE_DRAFT, Toggle.FALSE);
    Strategy strategy = Strategies.of(fixed.with(STRATEGY, "cdlh-speculative"));
    Request satisfied =
        new Request(
                c.prompt(),
                fixed.get(MAX_NEW_TOKENS),
                (ids, finished) -> Judgement.of(1),
                c.rowSeed())
            .under(c.rules(), c.stop());
    Generation generation = strategy.decode(c.p(), c.q(), satisfied);
    assertThat(generation.tokens()).isEqualTo(Reference.greedy(c));
    if (c.stop().test(generation.tokens())) {
      // Forwards run on behind what stops a row, as far as a lookahead.
      return;
    }
    assertThat(generation.counters().targetForwards()).isEqualTo(CdslReference.verifications(c));
    assertThat(generation.counters().committedCandidate()).isZero();
  }

  @Property(tries = 500)
  void windowAndDraftsDoNotChangeSpeculativeCdlh(@ForAll long seed) {
    Case c = Case.of(seed);
    Settings settings = c.settings().with(STRATEGY, "cdlh-speculative");
    int[] tokens = c.with(settings.with(WINDOW, 0)).decode().tokens();
    for (int window = 1; window <= 6; window++) {
      for (Toggle adaptive : new Toggle[] {Toggle.TRUE, Toggle.FALSE}) {
        Case windowed = c.with(settings.with(WINDOW, window).with(ADAPTIVE_DRAFT, adaptive));
        assertThat(windowed.decode().tokens()).isEqualTo(tokens);
      }
    }
  }

  @Property(tries = 1000)
  void permissiveCdslComputesEachPositionOnce(@ForAll long seed) {
    Case c = Case.of(seed);
    Counters counters =
        c.with(
                c.settings()
                    .with(STRATEGY, "cdsl")
                    .with(ACCEPTANCE_THRESHOLD, 0)
                    .with(REWARD_THRESHOLD, Double.NEGATIVE_INFINITY))
            .decode()
            .counters();
    // Per forward p's last token and the draft, whose EOS need not be computed.
    assertThat(counters.targetForwards()).isEqualTo(counters.s1());
    assertThat(counters.targetPositions())
        .isBetween(
            c.prompt().length - 1 + counters.drafted(),
            c.prompt().length - 1 + counters.drafted() + counters.s1());
  }

  @Property(tries = 1000)
  void greedyEqualsFreshForwards(@ForAll long seed) {
    Case c = Case.of(seed);
    Case greedy =
        c.with(c.settings().with(STRATEGY, "greedy").with(VERIFICATION, Verification.HARD));
    assertThat(greedy.decode().tokens()).isEqualTo(Reference.greedy(greedy));
  }

  @Property(tries = 1000)
  void everyStrategyAddsUp(@ForAll long seed) {
    Case c = Case.of(seed);
    for (String name : Strategies.names()) {
      Checks.addsUp(c.with(c.settings().with(STRATEGY, name)), Case::decode);
    }
  }

  @Property(tries = 500)
  void draftThatEqualsTargetIsAccepted(@ForAll long seed) {
    Case c = Case.of(seed).draftingWithTarget();
    for (String name : new String[] {"speculative", "cdsl"}) {
      for (Verification verification : Verification.values()) {
        // A greedy draft is always accepted by p = q: the ratio is 1.
        Counters counters =
            c.with(c.settings().with(STRATEGY, name).with(VERIFICATION, verification))
                .decode()
                .counters();
        assertThat(counters.accepted()).isEqualTo(counters.drafted());
      }
    }
  }

  @Property(tries = 500)
  void sameRowAndSeedGiveTheSameOutput(@ForAll long seed) {
    Case c = Case.of(seed);
    Case other = Case.of(seed + 1);
    for (String name : Strategies.names()) {
      Case named = c.with(c.settings().with(STRATEGY, name));
      Generation first = named.decode();
      other.with(other.settings().with(STRATEGY, name)).decode();
      Generation again = named.decode();
      assertThat(again.tokens()).isEqualTo(first.tokens());
      assertThat(again.logProb()).isEqualTo(first.logProb());
      assertThat(again.counters()).isEqualTo(first.counters());
    }
  }

  @Property(tries = 1000)
  void cdlhTakesAtMostKTimesDPlusOnePositionsPerToken(@ForAll long seed) {
    Case c = Case.of(seed);
    c = c.with(c.settings().with(STRATEGY, "cdlh"));
    Generation generation = c.decode();
    int k = Math.min(c.settings().get(CANDIDATES), c.p().vocabularySize());
    long perToken = (long) k * (c.settings().get(LOOKAHEAD) + 1);
    assertThat(generation.counters().targetPositions() - c.prompt().length)
        .isLessThanOrEqualTo(perToken * generation.tokens().length);
    assertThat(generation.counters().targetForwards() - 1)
        .isLessThanOrEqualTo(
            (long) Math.max(1, c.settings().get(LOOKAHEAD)) * generation.tokens().length);
  }

  @Property(tries = 1000)
  void cdlhAppxTakesOneTargetForwardPerToken(@ForAll long seed) {
    Case c = Case.of(seed);
    Generation generation = c.with(c.settings().with(STRATEGY, "cdlh-appx")).decode();
    assertThat(generation.counters().targetForwards()).isEqualTo(generation.tokens().length);
  }

  @Property(tries = 1000)
  void cdslWithDraftLookaheadsTakesOneTargetForwardPerStep(@ForAll long seed) {
    Case c = Case.of(seed);
    Counters counters =
        c.with(
                c.settings()
                    .with(STRATEGY, "cdsl")
                    .with(S2_ACTION, DecodingSettings.S2Action.PREFIX)
                    .with(S3_LOOKAHEAD, Roller.DRAFT)
                    .with(S4_LOOKAHEAD, Roller.DRAFT))
            .decode()
            .counters();
    long steps = counters.s1() + counters.s2() + counters.s3() + counters.s4();
    assertThat(counters.targetForwards()).isLessThanOrEqualTo(steps);
  }

  @Property(tries = 1000)
  void reuseAndSpeculationSaveTargetForwardsAndChangeNothing(@ForAll long seed) {
    Case c = Case.of(seed);
    Settings cdlh = c.settings().with(STRATEGY, "cdlh");
    Generation plain = c.with(cdlh.with(REUSE_ROLLOUTS, false)).decode();
    Generation reused = c.with(cdlh.with(REUSE_ROLLOUTS, true)).decode();
    assertThat(reused.tokens()).isEqualTo(plain.tokens());
    assertThat(reused.counters().targetPositions())
        .isLessThanOrEqualTo(plain.counters().targetPositions());
    Settings cdsl =
        c.settings()
            .with(STRATEGY, "cdsl")
            .with(FILTER_LOOKAHEAD, 0)
            .with(S3_LOOKAHEAD, Roller.TARGET)
            .with(S4_LOOKAHEAD, Roller.TARGET);
    Generation rolled = c.with(cdsl.with(SPECULATE_LOOKAHEAD, false)).decode();
    Generation speculated = c.with(cdsl.with(SPECULATE_LOOKAHEAD, true)).decode();
    assertThat(speculated.tokens()).isEqualTo(rolled.tokens());
  }

  /** Whoever is rolled out first, and however far at a time. */
  @Property(tries = 1500)
  void windowAndDraftsDoNotChangeCdsl(@ForAll long seed, @ForAll @IntRange(max = 2) int filter) {
    Case c = Case.of(seed);
    Settings cdsl =
        c.settings()
            .with(STRATEGY, "cdsl")
            .with(FILTER_LOOKAHEAD, filter)
            .with(S3_LOOKAHEAD, Roller.TARGET)
            .with(S4_LOOKAHEAD, Roller.TARGET);
    Settings plain = cdsl.with(WINDOW, 1).with(LOOKAHEAD_DRAFT, 1);
    int[] tokens = c.with(plain).decode().tokens();
    for (int window : new int[] {1, 2, 5}) {
      for (int drafts : new int[] {2, 8}) {
        Settings other = cdsl.with(WINDOW, window).with(LOOKAHEAD_DRAFT, drafts);
        assertThat(c.with(other).decode().tokens()).isEqualTo(tokens);
      }
    }
  }
}
