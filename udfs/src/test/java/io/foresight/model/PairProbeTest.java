package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.foresight.decoding.budget.DraftFit;
import io.foresight.model.checkpoint.Precision;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class PairProbeTest {

  private static CausalLm load(String name) {
    return CausalLm.load(Path.of("../examples", name), Device.cpu(), Precision.FP32);
  }

  /** A forward that had no room in its budget would throw. */
  @Test
  void aPairIsProbedWithinTheBudgetAndNothingOfItStays() {
    try (CausalLm target = load("target");
        CausalLm draft = load("draft")) {
      long needed = Math.max(target.cacheBytes(1, 64), draft.cacheBytes(1, 64));
      CacheBudget tooLittle = new CacheBudget(needed - 1);
      assertThat(draft.fitTo(target, tooLittle)).isSameAs(DraftFit.UNKNOWN);
      assertThat(tooLittle.left()).isEqualTo(needed - 1);
      CacheBudget enough = new CacheBudget(needed);
      DraftFit fit = draft.fitTo(target, enough);
      assertThat(fit.acceptance()).isBetween(0.1, 1.0);
      assertThat(enough.left()).isEqualTo(needed);
      assertThat(draft.fitTo(target, tooLittle)).as("known").isSameAs(fit);
      assertThat(target.fitTo(target).acceptance()).as("itself").isEqualTo(1);
    }
  }
}
