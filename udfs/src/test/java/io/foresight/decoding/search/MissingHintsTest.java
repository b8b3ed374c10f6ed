package io.foresight.decoding.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.Request;
import io.foresight.decoding.check.FakeModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MissingHintsTest {

  private static final double UNKNOWN = -12;

  /** How often the reward was asked for hints. */
  private final AtomicInteger asked = new AtomicInteger();

  /** A row whose reward asks for one id of each concept, with each concept's ids as its hints. */
  private DecodingRow row(List<Set<Integer>> concepts) {
    HypothesisReward reward =
        new HypothesisReward() {
          @Override
          public Judgement judge(int[] generated, boolean finished) {
            return Judgement.of(0);
          }

          @Override
          public List<int[]> hints(int[] generated) {
            asked.incrementAndGet();
            List<int[]> hints = new ArrayList<>();
            for (Set<Integer> concept : concepts) {
              if (Arrays.stream(generated).noneMatch(concept::contains)) {
                concept.stream().sorted().forEach(id -> hints.add(new int[] {id}));
              }
            }
            return hints;
          }
        };
    FakeModel model = new FakeModel(3000, 100, 1, 1, 1, 1);
    return new DecodingRow(model, null, new Request(new int[] {1}, 50, reward, 0));
  }

  private static void assertAgrees(MissingHints missing, DecodingRow row, double costOfAll) {
    BitSet all = missing.groups(row.hints());
    assertThat(missing.cost(all)).isEqualTo(costOfAll);
    for (int[] hint : row.hints()) {
      assertThat(missing.cost(missing.without(all, hint)))
          .as("after %d", hint[0])
          .isEqualTo(missing.cost(missing.groups(missing.after(hint))));
    }
  }

  /** As "leaves" is a form of "leaf" and of "leave". */
  @Test
  void aFormOfTwoWordsEndsTheGroupsOfBoth() {
    DecodingRow row = row(List.of(Set.of(5, 6, 9), Set.of(7, 9)));
    MissingHints missing = new MissingHints(row, true);
    assertAgrees(missing, row, 2 * UNKNOWN);
    BitSet all = missing.groups(row.hints());
    assertThat(missing.cost(missing.without(all, 9))).isZero();
    assertThat(missing.cost(missing.without(all, 5))).isEqualTo(UNKNOWN);
    // Where the other word is in place, it ends one.
    BitSet rest = missing.groups(missing.after(7));
    assertThat(missing.cost(rest)).isEqualTo(UNKNOWN);
    assertThat(missing.cost(missing.without(rest, 9))).isZero();
  }

  @Test
  void wordsThatShareNothingHaveAGroupEach() {
    DecodingRow row = row(List.of(Set.of(5, 6), Set.of(7), Set.of(8, 10, 11)));
    assertAgrees(new MissingHints(row, true), row, 3 * UNKNOWN);
  }

  @Test
  void aHintThatIsNamedTwiceIsOne() {
    DecodingRow row = row(List.of(Set.of(5, 9), Set.of(9), Set.of(9, 12)));
    assertThat(row.hints().stream().map(hint -> hint[0])).containsExactly(5, 9, 12);
  }

  /** So many are searched for without an estimate, which would ask for what follows each. */
  @Test
  void aRowWithThousandsOfHintsIsNotAskedForEach() {
    List<Set<Integer>> concepts = IntStream.range(5, 2500).mapToObj(id -> Set.of(id)).toList();
    DecodingRow row = row(concepts);
    MissingHints missing = new MissingHints(row, true);
    assertThat(asked.get()).isEqualTo(1);
    assertThat(missing.after(5)).hasSize(2494);
    assertThat(missing.cost(missing.groups(row.hints()))).isZero();
  }
}
