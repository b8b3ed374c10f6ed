package io.foresight.decoding.search;

import static org.assertj.core.api.Assertions.assertThat;

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
      assertThat(drafted).isBetween(1, most).isEqualTo(again.next(most));
      // A draft may be shorter than wished, even empty, by EOS or the limit.
      int submitted = random.nextInt(drafted + 1);
      int accepted = random.nextInt(submitted + 1);
      length.observe(submitted, accepted);
      again.observe(submitted, accepted);
    }
  }

  @Example
  void followsTheAcceptance() {
    assertThat(after(true, 100, 8, 0).next(16)).isEqualTo(1);
    assertThat(after(true, 100, 16, 16).next(16)).isEqualTo(16);
    int before = 0;
    for (int accepted = 0; accepted <= 8; accepted++) {
      int length = after(true, 100, 8, accepted).next(16);
      assertThat(length).isGreaterThanOrEqualTo(before);
      before = length;
    }
  }

  @Example
  void isTheMostUnlessAdaptive() {
    assertThat(after(false, 100, 8, 0).next(16)).isEqualTo(16);
  }
}
