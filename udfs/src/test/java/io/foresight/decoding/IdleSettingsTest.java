package io.foresight.decoding;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD_DRAFT;
import static io.foresight.decoding.DecodingSettings.OUTPUTS;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;
import static io.foresight.decoding.DecodingSettings.SAMPLES;
import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static io.foresight.decoding.DecodingSettings.TEMPERATURE;
import static io.foresight.decoding.DecodingSettings.TOP_K;
import static io.foresight.decoding.DecodingSettings.TOP_P;
import static io.foresight.decoding.DecodingSettings.VERIFICATION;
import static io.foresight.decoding.strategy.Cdlh.REUSE_ROLLOUTS;
import static io.foresight.decoding.strategy.CdlhSpeculative.WINDOW;
import static io.foresight.decoding.strategy.Cdsl.ACCEPTANCE_THRESHOLD;
import static io.foresight.decoding.strategy.Cdsl.REWARD_SPAN;
import static io.foresight.decoding.strategy.Cdsl.S2_ACTION;
import static io.foresight.decoding.strategy.Cdsl.S3_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.S4_LOOKAHEAD;
import static io.foresight.decoding.strategy.Cdsl.SPECULATE_LOOKAHEAD;
import static io.foresight.decoding.strategy.CdslTree.TREE_EFFORT;
import static io.foresight.decoding.strategy.CdslTree.TREE_ROLLOUT;
import static io.foresight.decoding.strategy.CdslTree.TREE_ROUNDS;
import static io.foresight.decoding.strategy.CdslTree.TREE_VERIFY;
import static io.foresight.decoding.strategy.CdslTree.TREE_WIDTH;
import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.DecodingSettings.Outputs;
import io.foresight.decoding.DecodingSettings.RewardSpan;
import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.S2Action;
import io.foresight.decoding.DecodingSettings.Toggle;
import io.foresight.decoding.DecodingSettings.Verification;
import io.foresight.decoding.check.Case;
import io.foresight.settings.Settings;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What is told to be idle is, and what is not is read. */
class IdleSettingsTest {

  /** Every setting but the strategy and the limit, with a random other value. */
  private static final Map<String, BiFunction<Settings, SplittableRandom, Settings>> CHANGES =
      changes();

  private static Map<String, BiFunction<Settings, SplittableRandom, Settings>> changes() {
    Map<String, BiFunction<Settings, SplittableRandom, Settings>> changes = new HashMap<>();
    changes.put("decoding.temperature", (b, r) -> b.with(TEMPERATURE, 0.3 + r.nextDouble()));
    changes.put("decoding.top-k", (b, r) -> b.with(TOP_K, r.nextInt(4)));
    changes.put("decoding.top-p", (b, r) -> b.with(TOP_P, 0.2 + 0.8 * r.nextDouble()));
    changes.put("decoding.outputs", (b, r) -> b.with(OUTPUTS, Outputs.values()[r.nextInt(2)]));
    changes.put("decoding.samples", (b, r) -> b.with(SAMPLES, 1 + r.nextInt(4)));
    changes.put(
        "decoding.verification",
        (b, r) -> b.with(VERIFICATION, Verification.values()[r.nextInt(3)]));
    changes.put("decoding.lookahead", (b, r) -> b.with(LOOKAHEAD, r.nextInt(7)));
    changes.put("decoding.candidates", (b, r) -> b.with(CANDIDATES, 1 + r.nextInt(8)));
    changes.put("decoding.hints", (b, r) -> b.with(HINTS, Toggle.values()[r.nextInt(3)]));
    changes.put("reward.weight", (b, r) -> b.with(REWARD_WEIGHT, 5 * r.nextDouble()));
    changes.put("decoding.draft-length", (b, r) -> b.with(DRAFT_LENGTH, 1 + r.nextInt(6)));
    changes.put(
        "decoding.adaptive-draft", (b, r) -> b.with(ADAPTIVE_DRAFT, Toggle.values()[r.nextInt(3)]));
    changes.put("reward.threshold", (b, r) -> b.with(REWARD_THRESHOLD, r.nextInt(5) / 4.0));
    changes.put("reward.mode", (b, r) -> b.with(REWARD_MODE, RewardMode.values()[r.nextInt(3)]));
    changes.put("reward.span", (b, r) -> b.with(REWARD_SPAN, RewardSpan.values()[r.nextInt(2)]));
    changes.put(
        "decoding.acceptance-threshold",
        (b, r) -> b.with(ACCEPTANCE_THRESHOLD, r.nextInt(6) / 4.0));
    changes.put("decoding.s2.action", (b, r) -> b.with(S2_ACTION, S2Action.values()[r.nextInt(3)]));
    changes.put(
        "decoding.s3.lookahead", (b, r) -> b.with(S3_LOOKAHEAD, Roller.values()[r.nextInt(2)]));
    changes.put(
        "decoding.s4.lookahead", (b, r) -> b.with(S4_LOOKAHEAD, Roller.values()[r.nextInt(2)]));
    changes.put(
        "decoding.speculate-lookahead", (b, r) -> b.with(SPECULATE_LOOKAHEAD, r.nextBoolean()));
    changes.put("decoding.lookahead-draft", (b, r) -> b.with(LOOKAHEAD_DRAFT, 1 + r.nextInt(4)));
    changes.put("decoding.reuse-rollouts", (b, r) -> b.with(REUSE_ROLLOUTS, r.nextBoolean()));
    changes.put("decoding.window", (b, r) -> b.with(WINDOW, 1 + r.nextInt(6)));
    changes.put(
        "decoding.tree.rounds",
        (b, r) ->
            b.with(TREE_ROUNDS, r.nextInt(4))
                .with(TREE_WIDTH, 3)
                .with(TREE_VERIFY, 2)
                .with(TREE_ROLLOUT, 2));
    changes.put(
        "decoding.tree.width",
        (b, r) ->
            b.with(TREE_ROUNDS, 2)
                .with(TREE_WIDTH, 1 + r.nextInt(5))
                .with(TREE_VERIFY, 2)
                .with(TREE_ROLLOUT, 2));
    changes.put(
        "decoding.tree.verify",
        (b, r) ->
            b.with(TREE_ROUNDS, 2)
                .with(TREE_WIDTH, 3)
                .with(TREE_VERIFY, 1 + r.nextInt(3))
                .with(TREE_ROLLOUT, 2));
    changes.put(
        "decoding.tree.rollout",
        (b, r) ->
            b.with(TREE_ROUNDS, 2)
                .with(TREE_WIDTH, 3)
                .with(TREE_VERIFY, 2)
                .with(TREE_ROLLOUT, r.nextInt(5)));
    changes.put("decoding.tree.effort", (b, r) -> b.with(TREE_EFFORT, r.nextInt(4)));
    return changes;
  }

  /** What an output depends on: tokens, and how often each model was asked. */
  private static String outcome(Case c) {
    Generation generation = c.decode();
    Counters counters = generation.counters();
    return Arrays.toString(generation.tokens())
        + generation.outputs().size()
        + counters.targetPositions()
        + ","
        + counters.draftPositions()
        + ","
        + counters.rewardCalls();
  }

  private static Case changed(Case c, String setting, SplittableRandom random) {
    return c.with(CHANGES.get(setting).apply(c.settings(), random));
  }

  private static Case of(long seed, String strategy) {
    Case c = Case.of(seed);
    return c.with(
        c.settings()
            .with(STRATEGY, strategy)
            .with(TREE_ROUNDS, 2)
            .with(TREE_WIDTH, 3)
            .with(TREE_VERIFY, 2)
            .with(TREE_ROLLOUT, 2));
  }

  @Property(tries = 300)
  void whatIsIdleChangesNothing(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (String strategy : Strategies.names()) {
      Case c = of(seed, strategy);
      String wanted = outcome(c);
      for (String setting : IdleSettings.of(c.settings()).keySet()) {
        assertThat(outcome(changed(c, setting, random)))
            .as("%s under %s", setting, strategy)
            .isEqualTo(wanted);
      }
    }
  }

  @Example
  void whatIsNotIdleChangesSomething() {
    for (String strategy : Strategies.names()) {
      Set<String> unseen = new HashSet<>(CHANGES.keySet());
      Set<String> everIdle = new HashSet<>(CHANGES.keySet());
      for (long seed = 0; seed < 400; seed++) {
        SplittableRandom random = new SplittableRandom(seed);
        Case c = of(seed, strategy);
        String before = outcome(c);
        Set<String> idle = IdleSettings.of(c.settings()).keySet();
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
    Settings defaults = Settings.defaults();
    assertThat(IdleSettings.of(defaults)).containsKey("decoding.acceptance-threshold");
    assertThat(IdleSettings.of(defaults.with(S3_LOOKAHEAD, Roller.DRAFT)))
        .doesNotContainKey("decoding.acceptance-threshold");
    assertThat(IdleSettings.of(defaults.with(S2_ACTION, S2Action.ONE_TOKEN)))
        .doesNotContainKey("decoding.acceptance-threshold");
  }
}
