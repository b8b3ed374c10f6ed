package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.check.Case;
import io.foresight.decoding.check.RoundingModel;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * Invariant 7 where scores and different rewards make up for each other: rounding does not choose.
 */
class CloseChoicesTest {

  private static final List<String> CHOOSING =
      List.of("best-of-n", "cdlh", "cdlh-appx", "cdsl", "cdlh-speculative", "cdsl-tree");

  /** Rewards are quarters and logits multiples of the sharpness, so that their sums tie often. */
  private static Case tying(Case c, String strategy) {
    return c.with(
        c.settings()
            .with(STRATEGY, strategy)
            .with(VERIFICATION, Verification.HARD)
            .with(REWARD_WEIGHT, 4 * c.p().sharpness()));
  }

  private static int[] decode(Case c, long rounding, boolean canonical) {
    return Strategies.of(c.settings())
        .decode(
            new RoundingModel(c.p(), rounding, canonical),
            new RoundingModel(c.q(), rounding + 1, canonical),
            c.request())
        .tokens();
  }

  @Property(tries = 400)
  void roundingDoesNotDecide(@ForAll long seed) {
    Case c = Case.of(seed);
    for (String strategy : CHOOSING) {
      Case tying = tying(c, strategy);
      assertThat(decode(tying, 1, true)).as(strategy).isEqualTo(decode(tying, 2, true));
    }
  }

  /** Where nothing settles them, the same choices fall either way in every strategy. */
  @Example
  void withoutCanonicalScoresItDoes() {
    for (String strategy : CHOOSING) {
      boolean same = true;
      for (long seed = 0; seed < 20_000 && same; seed++) {
        Case tying = tying(Case.of(seed), strategy);
        same = Arrays.equals(decode(tying, 1, false), decode(tying, 2, false));
      }
      assertThat(same).as(strategy).isFalse();
    }
  }

  /** Invariant 3 with both settled. */
  @Property(tries = 400)
  void speculativeCdlhIsCdlhWhereScoresAreClose(@ForAll long seed) {
    Case c = Case.of(seed);
    assertThat(decode(tying(c, "cdlh-speculative"), 1, true))
        .isEqualTo(decode(tying(c, "cdlh"), 2, true));
  }
}
