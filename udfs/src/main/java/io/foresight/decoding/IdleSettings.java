package io.foresight.decoding;

import io.foresight.decoding.DecodingSettings.Roller;
import io.foresight.decoding.DecodingSettings.S2Action;
import io.foresight.decoding.DecodingSettings.Verification;
import java.util.Map;
import java.util.TreeMap;

/** Settings that cannot matter beside others, so that whoever gave one can be told. */
public final class IdleSettings {

  private final Map<String, String> reasons = new TreeMap<>();

  private IdleSettings() {}

  /**
   * What changes no token under {@code settings}.
   *
   * @return reasons, by the names that docs/settings.md has
   */
  public static Map<String, String> of(DecodingSettings settings) {
    String strategy = settings.strategy();
    boolean greedy = strategy.equals("greedy");
    boolean bestOfN = strategy.equals("best-of-n");
    boolean sample = strategy.equals("sample");
    boolean cdsl = strategy.equals("cdsl");
    boolean tree = strategy.equals("cdsl-tree");
    boolean cdlhSpeculative = strategy.equals("cdlh-speculative");
    boolean rollsOut = strategy.equals("cdlh") || strategy.equals("cdlh-appx");
    boolean chooses = cdsl || tree || cdlhSpeculative || rollsOut;
    boolean samples =
        sample || bestOfN || (!greedy && settings.verification() != Verification.HARD);
    boolean byTarget =
        settings.s3Lookahead() == Roller.TARGET || settings.s4Lookahead() == Roller.TARGET;

    IdleSettings idle = new IdleSettings();
    idle.unless(
        samples,
        greedy
            ? "greedy samples nothing"
            : strategy + " samples nothing under decoding.verification = hard",
        "decoding.temperature",
        "decoding.top-k",
        "decoding.top-p");
    idle.unless(
        !greedy && !sample && !bestOfN, strategy + " verifies nothing", "decoding.verification");
    idle.unless(bestOfN, "only best-of-n reads it", "decoding.samples");
    idle.unless(
        chooses,
        strategy + " has no candidates",
        "decoding.lookahead",
        "decoding.candidates",
        "decoding.hints",
        "reward.weight");
    idle.unless(
        cdsl || tree || cdlhSpeculative || strategy.equals("speculative"),
        strategy + " verifies no draft",
        "decoding.draft-length",
        "decoding.adaptive-draft");
    idle.unless(cdsl || tree, strategy + " lets no line pass", "reward.threshold", "reward.mode");
    idle.unless(
        cdsl,
        "only cdsl reads it",
        "decoding.acceptance-threshold",
        "decoding.s2.action",
        "decoding.s3.lookahead",
        "decoding.s4.lookahead",
        "reward.span");
    idle.unless(
        !cdsl
            || settings.s2Action() != S2Action.PREFIX
            || settings.s3Lookahead() != settings.s4Lookahead(),
        "with s2.action = prefix and one model for s3.lookahead and s4.lookahead cdsl does the same on either side of it",
        "decoding.acceptance-threshold");
    idle.unless(
        cdsl && byTarget, "no lookahead of cdsl is by the target", "decoding.speculate-lookahead");
    idle.unless(
        cdlhSpeculative || (cdsl && byTarget && settings.speculateLookahead()),
        "no lookahead is speculated",
        "decoding.lookahead-draft");
    idle.unless(rollsOut, "only cdlh and cdlh-appx read it", "decoding.reuse-rollouts");
    idle.unless(cdlhSpeculative, "only cdlh-speculative reads it", "decoding.window");
    idle.unless(
        tree,
        "only cdsl-tree reads it",
        "decoding.tree.rounds",
        "decoding.tree.width",
        "decoding.tree.verify",
        "decoding.tree.rollout");
    return idle.reasons;
  }

  private void unless(boolean read, String reason, String... names) {
    for (String name : names) {
      if (!read) {
        reasons.put(name, reason);
      }
    }
  }
}
