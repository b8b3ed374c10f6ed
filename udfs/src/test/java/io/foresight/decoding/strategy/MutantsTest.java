package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Generation;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.RowFault;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.check.Case;
import io.foresight.decoding.check.Checks;
import io.foresight.decoding.check.FakeModel;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.ForwardingModel;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.decoding.search.VerifiedDraft;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Example;

/** Each invariant's check fails for every mutant, so that it would notice such a bug. */
class MutantsTest {

  private static final int CASES = 400;

  private static final Map<String, Checks.Check> CHECKS =
      Map.of(
          "speculative is greedy", Checks::speculativeIsGreedy,
          "permissive cdsl is greedy", Checks::permissiveCdslIsGreedy,
          "cdsl follows its table", Checks::cdslFollowsItsTable,
          "strict cdsl is cdlh", Checks::strictCdslIsCdlh,
          "strict cdsl is cdlh-appx", Checks::strictCdslIsCdlhAppx,
          "speculative cdlh is cdlh", Checks::speculativeCdlhIsCdlh);

  private static final Map<String, Checks.Decoder> MUTANTS =
      Map.of(
          "ties to the higher id",
          MutantsTest::tiesHigh,
          "EOS ignored",
          MutantsTest::eosIgnored,
          "limit too high",
          c -> limited(c, 1),
          "limit too low",
          c -> limited(c, -1));

  private static Generation tiesHigh(Case c) {
    return Strategies.of(c.settings())
        .decode(c.p().breakingTiesHigh(), c.q().breakingTiesHigh(), c.request());
  }

  private static Generation eosIgnored(Case c) {
    return Strategies.of(c.settings())
        .decode(c.p().ignoringEos(), c.q().ignoringEos(), c.request());
  }

  private static Generation limited(Case c, int by) {
    int limit = Math.max(1, c.settings().get(MAX_NEW_TOKENS) + by);
    return Strategies.of(c.settings())
        .decode(
            c.p(),
            c.q(),
            new Request(c.prompt(), limit, c.reward(), c.rowSeed()).under(c.rules(), c.stop()));
  }

  /** Speculative decoding that commits the accepted tokens only, unless there are none. */
  private static Generation withoutBonus(Case c) {
    DecodingRow row = new DecodingRow(c.p(), c.q(), c.request());
    Noise noise = Noise.of(c.settings(), c.request());
    try (Hypothesis p =
            Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise);
        Hypothesis q = Hypothesis.open(row.draft(), row.tokens(), Hypothesis.Detail.IDS, noise)) {
      while (!row.finished()) {
        int[] z = q.rollOut(Math.min(c.settings().get(DRAFT_LENGTH), row.remaining() - 1));
        VerifiedDraft verified = VerifiedDraft.hard(row, p, z, 0);
        int count = Math.max(1, verified.accepted());
        verified.commit(row, p, q, count);
        p.forget(0);
      }
    }
    return row.generation();
  }

  /** Speculative decoding that takes q's token after a fully accepted draft for p's own. */
  private static Generation draftBonus(Case c) {
    DecodingRow row = new DecodingRow(c.p(), c.q(), c.request());
    Noise noise = Noise.of(c.settings(), c.request());
    try (Hypothesis p =
            Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise);
        Hypothesis q = Hypothesis.open(row.draft(), row.tokens(), Hypothesis.Detail.IDS, noise)) {
      while (!row.finished()) {
        int[] z = q.rollOut(Math.min(c.settings().get(DRAFT_LENGTH), row.remaining() - 1));
        int[] more = q.rollOut(z.length + 1);
        VerifiedDraft verified = VerifiedDraft.hard(row, p, z, 0);
        boolean whole = verified.accepted() == z.length && more.length > z.length;
        int[] line = whole ? more : verified.hypothesis();
        for (int id : line) {
          row.commit(Origin.TARGET, id, 0);
        }
        p.advance(line);
        q.advance(line);
      }
    }
    return row.generation();
  }

  /** A reward whose bound is too low, so that candidates that would win are never looked at. */
  private static Generation boundedBy(Case c, double bound) {
    HypothesisReward reward =
        new HypothesisReward() {
          @Override
          public Judgement judge(int[] generated, boolean finished) {
            return c.reward().judge(generated, finished);
          }

          @Override
          public List<Criterion> criteria() {
            return c.reward().criteria();
          }

          @Override
          public List<int[]> hints(int[] generated) {
            return c.reward().hints(generated);
          }

          @Override
          public boolean startsWord(int id) {
            return c.reward().startsWord(id);
          }

          @Override
          public double upperBound() {
            return bound;
          }
        };
    return Strategies.of(c.settings())
        .decode(
            c.p(),
            c.q(),
            new Request(c.prompt(), c.settings().get(MAX_NEW_TOKENS), reward, c.rowSeed())
                .under(c.rules(), c.stop()));
  }

  /** A lookahead that is {@code by} tokens longer. */
  private static Generation lookingFurther(Case c, int by) {
    int lookahead = Math.max(0, c.settings().get(LOOKAHEAD) + by);
    return c.with(c.settings().with(LOOKAHEAD, lookahead)).decode();
  }

  /** Number of cases in which {@code check} fails for {@code decoder}. */
  private static int failures(Checks.Check check, Checks.Decoder decoder) {
    int failures = 0;
    for (long seed = 0; seed < CASES; seed++) {
      try {
        check.of(Case.of(seed), decoder);
      } catch (AssertionError | RuntimeException e) {
        failures++;
      }
    }
    return failures;
  }

  @Example
  void everyMutantFailsEveryCheck() {
    CHECKS.forEach(
        (check, invariant) -> {
          assertThat(failures(invariant, Case::decode)).as(check).isZero();
          MUTANTS.forEach(
              (mutant, decoder) ->
                  assertThat(failures(invariant, decoder))
                      .as("%s must fail for the mutant: %s", check, mutant)
                      .isPositive());
        });
  }

  @Example
  void mutantsOfTheBonusTokenFail() {
    for (Checks.Check check :
        List.<Checks.Check>of(Checks::speculativeIsGreedy, Checks::permissiveCdslIsGreedy)) {
      assertThat(failures(check, MutantsTest::withoutBonus)).isPositive();
      assertThat(failures(check, MutantsTest::draftBonus)).isPositive();
    }
  }

  /** What draws by another seed, another place, or the ratio test is no longer the same sample. */
  @Example
  void mutantsOfTheNoiseFail() {
    Checks.Decoder otherSeed =
        c ->
            Strategies.of(c.settings())
                .decode(
                    c.p(),
                    c.q(),
                    new Request(
                            c.prompt(),
                            c.settings().get(MAX_NEW_TOKENS),
                            c.reward(),
                            c.rowSeed() + 1)
                        .under(c.rules(), c.stop()));
    Checks.Decoder ratioTest =
        c -> c.with(c.settings().with(VERIFICATION, Verification.SAMPLING)).decode();
    Checks.Decoder misplaced =
        c -> Strategies.of(c.settings()).decode(misplacing(c.p()), c.q(), c.request());
    List<Checks.Decoder> mutants = new ArrayList<>(List.of(otherSeed, ratioTest, misplaced));
    // Noise leaves no ties to break.
    MUTANTS.forEach(
        (mutant, decoder) -> {
          if (!mutant.equals("ties to the higher id")) {
            mutants.add(decoder);
          }
        });
    for (Checks.Decoder mutant : mutants) {
      assertThat(failures(Checks::speculativeIsSample, mutant)).isPositive();
    }
    assertThat(failures(Checks::speculativeIsSample, Case::decode)).isZero();
    // q's own noise costs acceptance, and no more.
    Checks.Decoder apart =
        c -> Strategies.of(c.settings()).decode(c.p(), misplacing(c.q()), c.request());
    assertThat(failures(Checks::speculativeIsSample, apart)).isZero();
  }

  private static LanguageModel misplacing(FakeModel model) {
    return new ForwardingModel(model) {
      @Override
      public List<Scores> extend(List<ForwardRequest> extensions) {
        return model.extend(extensions.stream().map(MutantsTest::misplaced).toList());
      }
    };
  }

  private static ForwardRequest misplaced(ForwardRequest e) {
    LogitsRequest ask = e.ask();
    int[] places =
        ask.places() == null ? null : Arrays.stream(ask.places()).map(i -> i + 1).toArray();
    return new ForwardRequest(
        e.sequence(),
        e.tokens(),
        e.parents(),
        new LogitsRequest(
            ask.from(),
            ask.logProbs(),
            ask.topK(),
            ask.gather(),
            ask.rows(),
            ask.noise(),
            places,
            ask.edits()));
  }

  @Example
  void mutantsOfTheLookaheadAndTheBoundFail() {
    Checks.Check check = Checks::speculativeCdlhIsCdlh;
    assertThat(failures(check, c -> lookingFurther(c, 1))).isPositive();
    assertThat(failures(check, c -> lookingFurther(c, -1))).isPositive();
    assertThat(failures(check, c -> boundedBy(c, 1))).isZero();
    assertThat(failures(check, c -> boundedBy(c, Double.POSITIVE_INFINITY))).isZero();
    // Either a line that is looked at gives it away, or the output is wrong.
    assertThat(failures(check, c -> boundedBy(c, 0.5))).isPositive();
    assertThatThrownBy(
            () -> {
              for (long seed = 0; seed < CASES; seed++) {
                try {
                  Checks.speculativeCdlhIsCdlh(Case.of(seed), c -> boundedBy(c, 0.5));
                } catch (RowFault e) {
                  assertThat(e).hasMessageContaining("the reward's own upper bound is 0.5");
                }
              }
            })
        .isInstanceOf(AssertionError.class);
  }

  @Example
  void aLostTokenDoesNotAddUp() {
    Checks.Decoder lossy =
        c -> {
          Generation g = c.decode();
          int[] fewer = Arrays.copyOf(g.tokens(), Math.max(1, g.tokens().length - 1));
          return new Generation(fewer, g.ended(), g.logProb(), g.counters());
        };
    assertThat(failures(Checks::addsUp, lossy)).isPositive();
    assertThat(failures(Checks::addsUp, MutantsTest::eosIgnored)).isPositive();
    assertThat(failures(Checks::addsUp, c -> limited(c, 1))).isPositive();
    assertThat(failures(Checks::addsUp, Case::decode)).isZero();
  }

  @Example
  void committingBeyondTheEndIsRefused() {
    Case c = Case.of(1);
    DecodingRow row =
        new DecodingRow(
            c.p(), null, new Request(c.prompt(), 1, c.reward(), 1).under(c.rules(), c.stop()));
    row.commit(Origin.TARGET, 0, 0);
    assertThatThrownBy(() -> row.commit(Origin.TARGET, 0, 0))
        .isInstanceOf(IllegalStateException.class);
  }
}
