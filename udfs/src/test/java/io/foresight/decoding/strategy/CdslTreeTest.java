package io.foresight.decoding.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.DecodingSettings.RewardMode;
import io.foresight.decoding.DecodingSettings.Toggle;
import io.foresight.decoding.DecodingSettings.Tree;
import io.foresight.decoding.Generation;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LineReward;
import io.foresight.decoding.Request;
import io.foresight.decoding.search.FakeModel;
import io.foresight.decoding.search.Ids;
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
  private record Coverage(List<int[]> concepts, boolean hinting) implements LineReward {

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

  private static DecodingSettings.Builder tree(RewardMode mode) {
    return DecodingSettings.builder()
        .strategy("cdsl-tree")
        .maxNewTokens(LIMIT)
        .lookahead(6)
        .draftLength(4)
        .candidates(3)
        .rewardMode(mode)
        .tree(new Tree(8, 24, 6, 3));
  }

  private static Generation decode(DecodingSettings settings, long seed, LineReward reward) {
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
    assertThat(target.open).isZero();
    assertThat(draft.open).isZero();
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

  private static Share share(DecodingSettings settings, boolean hinting) {
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
    Share greedy = share(tree(RewardMode.LEVEL).strategy("greedy").build(), true);
    assertThat(greedy.satisfied()).isLessThan(0.3);
    assertThat(greedy.hinted()).isZero();
    for (RewardMode mode : RewardMode.values()) {
      Share hinted = share(tree(mode).build(), true);
      Share off = share(tree(mode).hints(Toggle.FALSE).build(), true);
      Share none = share(tree(mode).build(), false);
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
      Share share = share(tree(RewardMode.LEVEL).tree(new Tree(rounds, 24, 6, 3)).build(), true);
      assertThat(share.satisfied()).isGreaterThan(before - 0.01);
      before = share.satisfied();
      assertThat(share.hinted() > 0).isEqualTo(rounds > 0);
    }
  }

  @Property(tries = 500)
  void aLineThatPassesIsGreedy(@ForAll long seed) {
    Coverage coverage = coverage(seed, true);
    int[] greedy =
        decode(tree(RewardMode.LEVEL).strategy("greedy").build(), seed, coverage).tokens();
    Generation generation = decode(tree(RewardMode.LEVEL).lookahead(LIMIT).build(), seed, coverage);
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
    DecodingSettings.Builder settings =
        tree(RewardMode.LEVEL).lookahead(LIMIT).candidates(1).rewardWeight(1000);
    int[] greedy = decode(settings.strategy("greedy").build(), seed, anything).tokens();
    if (greedy.length < 3 || greedy[0] == EOS) {
      return;
    }
    for (int second = 1; second < VOCABULARY; second++) {
      int[] concept = {greedy[0], second};
      Coverage coverage = new Coverage(List.of(concept), true);
      LineReward onlyThere =
          new LineReward() {
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
      Generation generation = decode(settings.strategy("cdsl-tree").build(), seed, onlyThere);
      assertThat(contains(generation.tokens(), concept))
          .as("%s in %s", Arrays.toString(concept), Arrays.toString(generation.tokens()))
          .isTrue();
    }
  }
}
