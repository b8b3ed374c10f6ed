package io.foresight.decoding.budget;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

/** A draft goes as far as it pays: by the pair's costs, and by what was accepted. */
class DraftBudgetTest {

  private static final ForwardCost TARGET = new ForwardCost(1, 0.05);
  private static final ForwardCost DRAFT = new ForwardCost(0.1, 0.005);

  private static DraftBudget after(int tokens, boolean accepted) {
    DraftBudget budget = DraftBudget.of(DraftFit.UNKNOWN, TARGET, DRAFT);
    for (int i = 0; i < tokens; i++) {
      budget.observe(new double[] {2.5}, accepted ? 1 : 0);
    }
    return budget;
  }

  private static DraftFit fit(int tokens, boolean agreed) {
    double[] margins = new double[tokens];
    boolean[] all = new boolean[tokens];
    Arrays.fill(margins, 2.5);
    Arrays.fill(all, agreed);
    return DraftFit.of(margins, all);
  }

  /** Tokens of a margin that a budget lets be drafted, of at most 16. */
  private static int drafted(DraftBudget budget, double margin) {
    int most = budget.most(16, 1);
    int drafted = 0;
    double survival = 1;
    while (drafted < most && budget.goesOn(survival, 1)) {
      drafted++;
      survival *= budget.acceptance(margin);
    }
    return drafted;
  }

  @Example
  void draftsFurtherWhereTheDraftIsSure() {
    DraftBudget budget = DraftBudget.of(DraftFit.UNKNOWN, TARGET, DRAFT);
    assertThat(drafted(budget, 0.1)).isBetween(1, 4);
    assertThat(drafted(budget, 8)).isGreaterThan(2 * drafted(budget, 0.1));
  }

  @Example
  void draftsNothingWhereNothingIsAccepted() {
    DraftBudget budget = after(30, false);
    int[] next = new int[200];
    Arrays.setAll(next, i -> budget.most(16, 1));
    assertThat(Arrays.stream(next).max()).hasValue(1);
    assertThat(Arrays.stream(next).sum()).isEqualTo(2);
  }

  @Example
  void aRowNeedNotFindOutHowThePairFits() {
    assertThat(DraftBudget.of(fit(24, false), TARGET, DRAFT).most(16, 1)).isZero();
    assertThat(DraftBudget.of(fit(24, true), TARGET, DRAFT).most(16, 1)).isEqualTo(16);
    assertThat(DraftBudget.of(DraftFit.UNKNOWN, TARGET, DRAFT).most(16, 1)).isEqualTo(16);
    assertThat(fit(24, false).acceptance()).isZero();
    assertThat(DraftFit.UNKNOWN.acceptance()).isNaN();
  }

  @Example
  void comesBackWhenATryIsAccepted() {
    DraftBudget budget = after(30, false);
    int steps = 0;
    while (budget.most(16, 1) < 16) {
      budget.observe(new double[] {2.5}, 1);
      assertThat(++steps).isLessThan(500);
    }
  }

  @Property
  void draftsNothingThatCannotPay(
      @ForAll @DoubleRange(min = 1.2, max = 3) double draft,
      @ForAll @IntRange(min = 1, max = 8) int together) {
    // A draft as slow as its target gains nothing, however often it is right.
    DraftBudget budget = DraftBudget.of(fit(24, true), TARGET, new ForwardCost(draft, 0.05));
    assertThat(budget.most(16, together)).isZero();
  }

  @Example
  void followsTheCostOfPositions() {
    // Where rows share a forward, positions are what it costs.
    DraftFit fit = fit(20, true);
    DraftBudget alone = DraftBudget.of(fit, TARGET, DRAFT);
    DraftBudget shared = DraftBudget.of(fit, TARGET.sharedBy(64), DRAFT.sharedBy(64));
    assertThat(drafted(shared, 1.2)).isLessThan(drafted(alone, 1.2));
    double unsure = 0.04;
    assertThat(alone.isVerified(0.5, 1)).isTrue();
    assertThat(alone.isVerified(unsure, 1)).isFalse();
  }

  @Example
  void withoutALimitAllIsDrafted() {
    DraftBudget budget = DraftBudget.unlimited();
    budget.observe(new double[] {1, 1}, 0);
    assertThat(budget.most(16, 5)).isEqualTo(16);
    assertThat(budget.goesOn(0, 5)).isTrue();
    assertThat(budget.isVerified(0, 5)).isTrue();
  }
}
