package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.strategy.CdslTree.TREE_EFFORT;
import static io.foresight.decoding.strategy.CdslTree.TREE_ROLLOUT;
import static io.foresight.decoding.strategy.CdslTree.TREE_ROUNDS;
import static io.foresight.decoding.strategy.CdslTree.TREE_VERIFY;
import static io.foresight.decoding.strategy.CdslTree.TREE_WIDTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.DecodingSettings.Toggle;
import io.foresight.decoding.Generation;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.Request;
import io.foresight.decoding.RowFault;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.check.FakeModel;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What {@code cdsl-tree} is for: rows whose greedy text misses concepts. */
class CdslTreeTest {

  private static final int VOCABULARY = 12;
  private static final int LIMIT = 14;
  private static final int EOS = 0;

  /** Share of the concepts, each some ids in a row, that a line holds; hints are what it lacks. */
  private record Coverage(List<int[]> concepts, boolean hinting) implements HypothesisReward {

    @Override
    public Judgement judge(int[] generated, boolean finished) {
      return Judgement.of((concepts.size() - missing(generated).size()) / (double) concepts.size());
    }

    @Override
    public List<int[]> hints(int[] generated) {
      return hinting ? missing(generated) : List.of();
    }

    private List<int[]> missing(int[] generated) {
      return concepts.stream().filter(concept -> !contains(generated, concept)).toList();
    }
  }

  private static boolean contains(int[] ids, int[] wanted) {
    return Collections.indexOfSubList(boxed(ids), boxed(wanted)) >= 0;
  }

  private static List<Integer> boxed(int[] ids) {
    return Arrays.stream(ids).boxed().toList();
  }

  private static FakeModel p(long seed) {
    return new FakeModel(VOCABULARY, 100, 2, seed, 1.5, 1);
  }

  private static FakeModel q(long seed) {
    return new FakeModel(VOCABULARY, 100, 1, seed, 1.5, 1);
  }

  private static Settings tree(RewardMode mode) {
    return Settings.defaults()
        .with(STRATEGY, "cdsl-tree")
        .with(MAX_NEW_TOKENS, LIMIT)
        .with(LOOKAHEAD, 6)
        .with(DRAFT_LENGTH, 4)
        .with(CANDIDATES, 3)
        .with(REWARD_MODE, mode)
        .with(TREE_ROUNDS, 8)
        .with(TREE_WIDTH, 24)
        .with(TREE_VERIFY, 6)
        .with(TREE_ROLLOUT, 3);
  }

  private static Generation decode(Settings settings, long seed, HypothesisReward reward) {
    FakeModel target = p(seed);
    FakeModel draft = q(seed);
    Generation generation =
        Strategies.of(settings)
            .decode(target, draft, new Request(new int[] {1, 2}, LIMIT, reward, seed));
    double logProb = 0;
    for (int i = 0; i < generation.tokens().length; i++) {
      int[] before = Ids.concat(new int[] {1, 2}, Arrays.copyOf(generation.tokens(), i));
      logProb += target.logProbs(before)[generation.tokens()[i]];
    }
    assertThat(generation.logProb()).isCloseTo(logProb, within(1e-4));
    assertThat(generation.counters().committed()).isEqualTo(generation.tokens().length);
    assertThat(target.openSequences()).isZero();
    assertThat(draft.openSequences()).isZero();
    return generation;
  }

  private static Coverage coverage(long seed, boolean hinting) {
    SplittableRandom random = new SplittableRandom(seed);
    List<int[]> concepts = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      concepts.add(random.ints(1 + random.nextInt(2), 1, VOCABULARY).toArray());
    }
    return new Coverage(concepts, hinting);
  }

  private record Share(double satisfied, double hinted) {}

  private static Share share(Settings settings, boolean hinting) {
    int satisfied = 0;
    int hinted = 0;
    for (long seed = 0; seed < 200; seed++) {
      Coverage coverage = coverage(seed, hinting);
      Generation generation = decode(settings, seed, coverage);
      satisfied += coverage.judge(generation.tokens(), true).reward() == 1 ? 1 : 0;
      hinted += generation.counters().committedHint() > 0 ? 1 : 0;
    }
    return new Share(satisfied / 200.0, hinted / 200.0);
  }

  @Example
  void hintsSatisfyRowsThatGreedyDecodingDoesNot() {
    Share greedy = share(tree(RewardMode.LEVEL).with(STRATEGY, "greedy"), true);
    assertThat(greedy.satisfied()).isLessThan(0.3);
    assertThat(greedy.hinted()).isZero();
    for (RewardMode mode : RewardMode.values()) {
      Share hinted = share(tree(mode), true);
      Share off = share(tree(mode).with(HINTS, Toggle.FALSE), true);
      Share none = share(tree(mode), false);
      assertThat(hinted.satisfied()).as("%s", mode).isGreaterThan(0.9);
      assertThat(hinted.hinted()).as("%s", mode).isGreaterThan(0.5);
      // Without hints it branches among p's own candidates.
      assertThat(off).isEqualTo(none);
      assertThat(off.hinted()).isZero();
      assertThat(off.satisfied()).isBetween(greedy.satisfied() + 0.1, hinted.satisfied());
    }
  }

  @Example
  void roundsBoundTheBranchings() {
    double before = 0;
    for (int rounds : new int[] {0, 1, 8}) {
      Share share =
          share(
              tree(RewardMode.LEVEL)
                  .with(TREE_ROUNDS, rounds)
                  .with(TREE_WIDTH, 24)
                  .with(TREE_VERIFY, 6)
                  .with(TREE_ROLLOUT, 3),
              true);
      assertThat(share.satisfied()).isGreaterThan(before - 0.01);
      before = share.satisfied();
      assertThat(share.hinted() > 0).isEqualTo(rounds > 0);
    }
  }

  /** Few and narrow branchings, as rows have whose concepts never met. */
  private static Settings narrow() {
    return tree(RewardMode.LEVEL).with(TREE_ROUNDS, 1).with(TREE_WIDTH, 2).with(TREE_VERIFY, 1);
  }

  @Example
  void effortSatisfiesWhatBranchingGivesUp() {
    Share given = share(narrow().with(TREE_EFFORT, 0), true);
    Share least = share(narrow().with(TREE_EFFORT, 1), true);
    Share most = share(narrow().with(TREE_EFFORT, 12), true);
    assertThat(given.satisfied()).isLessThan(0.8);
    assertThat(least.satisfied()).isGreaterThan(given.satisfied() + 0.1);
    assertThat(most.satisfied()).isGreaterThan(0.98);
    // Without hints it tries what p finds likely.
    assertThat(share(narrow().with(TREE_EFFORT, 12), false).satisfied())
        .isGreaterThan(share(narrow().with(TREE_EFFORT, 0), false).satisfied());
  }

  @Property(tries = 500)
  void effortChangesOnlyRowsThatFailed(@ForAll long seed) {
    Coverage coverage = coverage(seed, true);
    Generation given = decode(narrow().with(TREE_EFFORT, 0), seed, coverage);
    Generation anew = decode(narrow().with(TREE_EFFORT, 6), seed, coverage);
    double before = coverage.judge(given.tokens(), true).reward();
    double after = coverage.judge(anew.tokens(), true).reward();
    if (before == 1) {
      assertThat(anew.tokens()).isEqualTo(given.tokens());
      assertThat(anew.counters().targetPositions()).isEqualTo(given.counters().targetPositions());
    } else {
      assertThat(after).isGreaterThanOrEqualTo(before);
      if (after == before) {
        assertThat(anew.tokens()).as("a text that is no better").isEqualTo(given.tokens());
      }
    }
  }

  /**
   * As where the parts of a reward make up for each other: what fulfils all of them goes before.
   */
  @Example
  void effortLowersARewardOnlyForATextThatHolds() {
    int lower = 0;
    for (long seed = 0; seed < 200; seed++) {
      Coverage coverage = coverage(seed, true);
      HypothesisReward twoParts = inParts(coverage);
      int[] given = decode(narrow().with(TREE_EFFORT, 0), seed, twoParts).tokens();
      int[] anew = decode(narrow().with(TREE_EFFORT, 6), seed, twoParts).tokens();
      boolean holds = coverage.judge(anew, true).reward() == 1;
      double before = twoParts.judge(given, true).reward();
      double after = twoParts.judge(anew, true).reward();
      if (after < before) {
        assertThat(holds).isTrue();
        lower++;
      }
    }
    assertThat(lower).isPositive();
  }

  /** Parts of 0.5 and 0.5 where all is covered, which is enough; else of 0.4 and 1. */
  private static HypothesisReward inParts(Coverage coverage) {
    return new HypothesisReward() {
      @Override
      public Judgement judge(int[] generated, boolean finished) {
        return coverage.judge(generated, finished).reward() == 1
            ? new Judgement(0.5, new double[] {0.5, 0.5})
            : new Judgement(0.7, new double[] {0.4, 1});
      }

      @Override
      public List<Criterion> criteria() {
        Criterion half = new Criterion(RewardMode.LEVEL, 0.5);
        return List.of(half, half);
      }

      @Override
      public List<int[]> hints(int[] generated) {
        return coverage.hints(generated);
      }
    };
  }

  /** A reward that fails in the search for a better text takes none that was there. */
  @Property(tries = 200)
  void aFaultOfTheRewardWhileTryingAnewLeavesTheText(@ForAll long seed) {
    Coverage coverage = coverage(seed, true);
    int[] calls = {0};
    HypothesisReward counted = failing(coverage, calls, Integer.MAX_VALUE);
    Generation given = decode(narrow().with(TREE_EFFORT, 0), seed, counted);
    int enough = calls[0];
    calls[0] = 0;
    Generation anew =
        decode(narrow().with(TREE_EFFORT, 6), seed, failing(coverage, calls, enough + 1));
    assertThat(coverage.judge(anew.tokens(), true).reward())
        .isGreaterThanOrEqualTo(coverage.judge(given.tokens(), true).reward());
    if (calls[0] > enough + 1) {
      assertThat(anew.tokens()).isEqualTo(given.tokens());
    }
  }

  private static HypothesisReward failing(Coverage coverage, int[] calls, int after) {
    return new HypothesisReward() {
      @Override
      public Judgement judge(int[] generated, boolean finished) {
        if (calls[0]++ >= after) {
          throw new RowFault(RowFault.Kind.REWARD, "it did not answer.");
        }
        return coverage.judge(generated, finished);
      }

      @Override
      public List<int[]> hints(int[] generated) {
        return coverage.hints(generated);
      }
    };
  }

  /** A hint that another id makes another word of, as "Lands" with "ful" does. */
  @Property(tries = 500)
  void whatFollowsAHintDoesNotBreakIt(@ForAll long seed) {
    int goingOn = 3;
    int word = 5;
    HypothesisReward whole =
        new HypothesisReward() {
          private boolean has(int[] ids) {
            for (int i = 0; i < ids.length; i++) {
              if (ids[i] == word && (i + 1 == ids.length || ids[i + 1] != goingOn)) {
                return true;
              }
            }
            return false;
          }

          @Override
          public Judgement judge(int[] generated, boolean finished) {
            return Judgement.of(has(generated) ? 1 : 0);
          }

          @Override
          public List<int[]> hints(int[] generated) {
            return has(generated) ? List.of() : List.of(new int[] {word});
          }

          @Override
          public boolean startsWord(int id) {
            return id != goingOn;
          }
        };
    // A beam goes on by any of p's top ids, which may begin the other word.
    int[] tokens = decode(tree(RewardMode.LEVEL).with(TREE_EFFORT, 0), seed, whole).tokens();
    int first = boxed(tokens).indexOf(word);
    if (first >= 0 && first + 1 < tokens.length && tokens[first + 1] == goingOn) {
      // Then it is no hint, but the begin of another word that p says.
      float[] said = p(seed).logProbs(Ids.concat(new int[] {1, 2}, Arrays.copyOf(tokens, first)));
      for (int id = 0; id < VOCABULARY; id++) {
        assertThat(said[word]).as("%s", Arrays.toString(tokens)).isGreaterThanOrEqualTo(said[id]);
      }
    }
  }

  @Property(tries = 500)
  void aLineThatPassesIsGreedy(@ForAll long seed) {
    Coverage coverage = coverage(seed, true);
    int[] greedy = decode(tree(RewardMode.LEVEL).with(STRATEGY, "greedy"), seed, coverage).tokens();
    Generation generation = decode(tree(RewardMode.LEVEL).with(LOOKAHEAD, LIMIT), seed, coverage);
    if (coverage.judge(greedy, true).reward() == 1) {
      assertThat(generation.tokens()).isEqualTo(greedy);
      assertThat(generation.counters().committedHint()).isZero();
      assertThat(generation.counters().committedCandidate()).isZero();
    }
  }

  /**
   * A hint whose first id p says anyway, and whose second p would not: as "play" with "ing" where p
   * says "play" and "ed".
   */
  @Property(tries = 500)
  void aHintMayBeginAsTheLineDoes(@ForAll long seed) {
    Coverage anything = new Coverage(List.of(new int[] {1}), false);
    Settings settings =
        tree(RewardMode.LEVEL).with(LOOKAHEAD, LIMIT).with(CANDIDATES, 1).with(REWARD_WEIGHT, 1000);
    int[] greedy = decode(settings.with(STRATEGY, "greedy"), seed, anything).tokens();
    if (greedy.length < 3 || greedy[0] == EOS) {
      return;
    }
    for (int second = 1; second < VOCABULARY; second++) {
      int[] concept = {greedy[0], second};
      Coverage coverage = new Coverage(List.of(concept), true);
      HypothesisReward onlyThere =
          new HypothesisReward() {
            @Override
            public Judgement judge(int[] generated, boolean finished) {
              return coverage.judge(generated, finished);
            }

            @Override
            public List<int[]> hints(int[] generated) {
              return coverage.hints(generated);
            }

            @Override
            public boolean startsWord(int id) {
              return id == concept[0];
            }
          };
      Generation generation = decode(settings.with(STRATEGY, "cdsl-tree"), seed, onlyThere);
      assertThat(contains(generation.tokens(), concept))
          .as("%s in %s", Arrays.toString(concept), Arrays.toString(generation.tokens()))
          .isTrue();
    }
  }
}
