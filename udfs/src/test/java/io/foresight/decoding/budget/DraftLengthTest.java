package io.foresight.decoding.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** The draft length stays in its bounds and follows the acceptance. */
class DraftLengthTest {

  private static DraftLength after(boolean adaptive, int verifications, int drafted, int accepted) {
    DraftLength length = new DraftLength(adaptive);
    for (int i = 0; i < verifications; i++) {
      length.observe(drafted, accepted);
    }
    return length;
  }

  @Property(tries = 1000)
  void staysInItsBoundsAndRepeats(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    DraftLength length = new DraftLength(true);
    DraftLength again = new DraftLength(true);
    for (int i = 0; i < 50; i++) {
      int most = 1 + random.nextInt(20);
      int drafted = length.next(most);
      assertThat(drafted).isBetween(0, most).isEqualTo(again.next(most));
      // A draft may be shorter than wished, even empty, by EOS or the limit.
      int submitted = random.nextInt(drafted + 1);
      int accepted = random.nextInt(submitted + 1);
      length.observe(submitted, accepted);
      again.observe(submitted, accepted);
    }
  }

  @Example
  void followsTheAcceptance() {
    assertThat(after(true, 100, 8, 0).next(16)).isZero();
    assertThat(after(true, 100, 16, 16).next(16)).isEqualTo(16);
    int before = 0;
    for (int accepted = 0; accepted <= 8; accepted++) {
      int length = after(true, 100, 8, accepted).next(16);
      assertThat(length).isGreaterThanOrEqualTo(before);
      before = length;
    }
  }

  @Example
  void triesAgainMoreAndMoreSeldom() {
    DraftLength length = after(true, 100, 8, 0);
    List<Integer> tries = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      int next = length.next(16);
      if (next > 0) {
        assertThat(next).isEqualTo(1);
        tries.add(i);
        length.observe(1, 0);
      }
    }
    assertThat(tries).containsExactly(8, 25, 58, 123, 188, 253, 318, 383);
  }

  @Example
  void isTheMostUnlessAdaptive() {
    assertThat(after(false, 100, 8, 0).next(16)).isEqualTo(16);
  }
}
