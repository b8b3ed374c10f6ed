package io.foresight.decoding;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.DecodingSettings.RewardMode;
import io.foresight.decoding.DecodingSettings.RewardSpan;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.S2Action;
import io.foresight.decoding.DecodingSettings.Toggle;
import io.foresight.decoding.DecodingSettings.Tree;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.search.Case;
import io.foresight.decoding.strategy.Strategies;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What is told to be idle is, and what is not is read. */
class IdleSettingsTest {

  /** Every setting but the strategy and the limit, with a random other value. */
  private static final Map<String, BiConsumer<DecodingSettings.Builder, SplittableRandom>> CHANGES =
      changes();

  private static Map<String, BiConsumer<DecodingSettings.Builder, SplittableRandom>> changes() {
    Map<String, BiConsumer<DecodingSettings.Builder, SplittableRandom>> changes = new HashMap<>();
    changes.put("decoding.temperature", (b, r) -> b.temperature(0.3 + r.nextDouble()));
    changes.put("decoding.top-k", (b, r) -> b.topK(r.nextInt(4)));
    changes.put("decoding.top-p", (b, r) -> b.topP(0.2 + 0.8 * r.nextDouble()));
    changes.put("decoding.samples", (b, r) -> b.samples(1 + r.nextInt(4)));
    changes.put(
        "decoding.verification", (b, r) -> b.verification(Verification.values()[r.nextInt(3)]));
    changes.put("decoding.lookahead", (b, r) -> b.lookahead(r.nextInt(7)));
    changes.put("decoding.candidates", (b, r) -> b.candidates(1 + r.nextInt(8)));
    changes.put("decoding.hints", (b, r) -> b.hints(Toggle.values()[r.nextInt(3)]));
    changes.put("reward.weight", (b, r) -> b.rewardWeight(5 * r.nextDouble()));
    changes.put("decoding.draft-length", (b, r) -> b.draftLength(1 + r.nextInt(6)));
    changes.put(
        "decoding.adaptive-draft", (b, r) -> b.adaptiveDraft(Toggle.values()[r.nextInt(3)]));
    changes.put("reward.threshold", (b, r) -> b.rewardThreshold(r.nextInt(5) / 4.0));
    changes.put("reward.mode", (b, r) -> b.rewardMode(RewardMode.values()[r.nextInt(3)]));
    changes.put("reward.span", (b, r) -> b.rewardSpan(RewardSpan.values()[r.nextInt(2)]));
    changes.put(
        "decoding.acceptance-threshold", (b, r) -> b.acceptanceThreshold(r.nextInt(6) / 4.0));
    changes.put("decoding.s2.action", (b, r) -> b.s2Action(S2Action.values()[r.nextInt(3)]));
    changes.put("decoding.s3.lookahead", (b, r) -> b.s3Lookahead(Roller.values()[r.nextInt(2)]));
    changes.put("decoding.s4.lookahead", (b, r) -> b.s4Lookahead(Roller.values()[r.nextInt(2)]));
    changes.put("decoding.speculate-lookahead", (b, r) -> b.speculateLookahead(r.nextBoolean()));
    changes.put("decoding.lookahead-draft", (b, r) -> b.lookaheadDraft(1 + r.nextInt(4)));
    changes.put("decoding.reuse-rollouts", (b, r) -> b.reuseRollouts(r.nextBoolean()));
    changes.put("decoding.window", (b, r) -> b.window(1 + r.nextInt(6)));
    changes.put("decoding.tree.rounds", (b, r) -> b.tree(new Tree(r.nextInt(4), 3, 2, 2)));
    changes.put("decoding.tree.width", (b, r) -> b.tree(new Tree(2, 1 + r.nextInt(5), 2, 2)));
    changes.put("decoding.tree.verify", (b, r) -> b.tree(new Tree(2, 3, 1 + r.nextInt(3), 2)));
    changes.put("decoding.tree.rollout", (b, r) -> b.tree(new Tree(2, 3, 2, r.nextInt(5))));
    return changes;
  }

  /** What an output depends on: tokens, and how often each model was asked. */
  private static String outcome(Case c) {
    Generation generation = c.decode();
    Counters counters = generation.counters();
    return Arrays.toString(generation.tokens())
        + counters.targetPositions()
        + ","
        + counters.draftPositions()
        + ","
        + counters.rewardCalls();
  }

  private static Case changed(Case c, String setting, SplittableRandom random) {
    DecodingSettings.Builder builder = c.s().toBuilder();
    CHANGES.get(setting).accept(builder, random);
    return c.with(builder.build());
  }

  private static Case of(long seed, String strategy) {
    Case c = Case.of(seed);
    return c.with(c.s().toBuilder().strategy(strategy).tree(new Tree(2, 3, 2, 2)).build());
  }

  @Property(tries = 300)
  void whatIsIdleChangesNothing(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (String strategy : Strategies.NAMES) {
      Case c = of(seed, strategy);
      String wanted = outcome(c);
      for (String setting : IdleSettings.of(c.s()).keySet()) {
        assertThat(outcome(changed(c, setting, random)))
            .as("%s under %s", setting, strategy)
            .isEqualTo(wanted);
      }
    }
  }

  @Example
  void whatIsNotIdleChangesSomething() {
    for (String strategy : Strategies.NAMES) {
      Set<String> unseen = new HashSet<>(CHANGES.keySet());
      Set<String> everIdle = new HashSet<>(CHANGES.keySet());
      for (long seed = 0; seed < 400; seed++) {
        SplittableRandom random = new SplittableRandom(seed);
        Case c = of(seed, strategy);
        String before = outcome(c);
        Set<String> idle = IdleSettings.of(c.s()).keySet();
        everIdle.retainAll(idle);
        unseen.removeIf(
            setting ->
                !idle.contains(setting) && !outcome(changed(c, setting, random)).equals(before));
      }
      // What is left was idle in every case.
      assertThat(unseen).as(strategy).isEqualTo(everIdle);
    }
  }

  @Example
  void cdslsThresholdIsIdleAtTheDefaultsAlone() {
    DecodingSettings defaults = DecodingSettings.defaults();
    assertThat(IdleSettings.of(defaults)).containsKey("decoding.acceptance-threshold");
    assertThat(IdleSettings.of(defaults.toBuilder().s3Lookahead(Roller.DRAFT).build()))
        .doesNotContainKey("decoding.acceptance-threshold");
    assertThat(IdleSettings.of(defaults.toBuilder().s2Action(S2Action.ONE_TOKEN).build()))
        .doesNotContainKey("decoding.acceptance-threshold");
  }
}
