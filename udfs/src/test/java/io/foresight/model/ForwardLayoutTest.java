package io.foresight.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.model.ForwardLayout.Header;
import io.foresight.model.ForwardLayout.Section;
import io.foresight.model.checkpoint.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One number too many or too few anywhere in a forward's arrays ends it, and the error names it.
 */
class ForwardLayoutTest {

  private static final int SLOT_POSITIONS = 64;
  private static final int SECTIONS = ForwardLayout.length(Header.class);
  private static final int COPIES = SECTIONS + ForwardLayout.length(Section.class);

  private static CausalLm model;

  @BeforeAll
  static void load() {
    model = CausalLm.load(Path.of("..", "examples", "draft"), Device.cpu(), Precision.FP32);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /** Two groups, one of which is masked, a copy, gathered ids, noise. */
  private static ForwardPlan plan(ModelSession session) {
    Sequence narrow = session.open();
    Sequence wide = session.open();
    Noise noise = new Noise(new Sampler(1, 20, 0.9), 5);
    int[][] gather = {{7, 8}, {9, 10}};
    LogitsRequest ask =
        new LogitsRequest(0, true, 3, new int[][] {{7, 8}}, false, noise, new int[] {1}, null);
    LogitsRequest few =
        new LogitsRequest(98, true, 3, gather, false, noise, new int[] {99, 100}, null);
    return new ForwardPlan(
        List.of(
            ForwardRequest.of(narrow, new int[] {5}, ask), ForwardRequest.of(wide, ids(100), few)),
        SLOT_POSITIONS * 2,
        List.of(new ForwardPlan.Copy(0, 0, 2, 1, 0, 4)),
        model.checkpoint().config(),
        false);
  }

  private static int[] ids(int count) {
    int[] ids = new int[count];
    Arrays.setAll(ids, i -> 3 + i);
    return ids;
  }

  private static float[] run(
      long[] plan, long[] whole, float[] masks, double[] sampler, long[] keys) {
    try (PtNDManager manager = model.script().manager().newSubManager(Device.cpu());
        IValue cache =
            model
                .script()
                .call("new_cache", IValue.from(4L), IValue.from((long) SLOT_POSITIONS * 2));
        IValue result =
            model
                .script()
                .callOn(
                    cache,
                    "forward",
                    IValue.listFrom(plan),
                    IValue.from((PtNDArray) manager.create(whole, new Shape(whole.length))),
                    IValue.from((PtNDArray) manager.create(masks, new Shape(masks.length))),
                    IValue.listFrom(sampler),
                    IValue.listFrom(keys),
                    IValue.from((PtNDArray) manager.create(new long[0], new Shape(0))),
                    IValue.from((PtNDArray) manager.create(new float[0], new Shape(0))))) {
      return result.toTensor(manager).toFloatArray();
    }
  }

  private static float[] changed(Consumer<long[]> change) {
    try (ModelSession session = model.newSession()) {
      ForwardPlan plan = plan(session);
      change.accept(plan.plan);
      return run(plan.plan, plan.whole, plan.masks, plan.sampler, plan.keys);
    }
  }

  @Test
  void aPlanAsItIsRuns() {
    try (ModelSession session = model.newSession()) {
      ForwardPlan plan = plan(session);
      assertThat(plan.masks).as("one of two groups is masked").isNotEmpty();
      List<Scores> scores =
          plan.scores(run(plan.plan, plan.whole, plan.masks, plan.sampler, plan.keys));
      assertThat(scores.get(1).topIds()[1][0]).isEqualTo(scores.get(1).argmax()[1]);
      assertThat(scores.get(1).topScores()[1][0]).isEqualTo(scores.get(1).argmaxScore()[1]);
      assertThat(scores.get(1).topLogProbs()[1][0]).isEqualTo(scores.get(1).argmaxLogProb()[1]);
    }
  }

  @ParameterizedTest
  @EnumSource(Section.class)
  void aSectionOfAnotherLengthEndsTheForward(Section section) {
    Map<Section, String> told =
        new TreeMap<>(
            Map.of(
                Section.TOKENS, "101 tokens and got",
                Section.PLACES, "101 rotary positions and got",
                Section.CELLS, "101 cells to write to and got",
                Section.ASKED, "3 asked positions and got",
                Section.GATHERED, "6 ids to gather and got",
                Section.QUERIES, "101 queries of groups and got",
                Section.SLOTS, "0 slots of groups and got",
                Section.SEEN, "0 positions of cells that groups see and got",
                Section.RESULTS, "101 places of results and got"));
    for (int by : new int[] {-1, 1}) {
      assertThatThrownBy(() -> changed(plan -> plan[SECTIONS + ForwardLayout.at(section)] += by))
          .hasMessageContaining("Cannot run a forward: it takes " + told.get(section));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "POSITIONS,tokens",
    "ASKED,asked positions",
    "GATHERED,ids to gather",
    "TOP_K,columns",
    "WIDTH,columns",
    "COPIES,numbers in its plan",
    "GROUPS,numbers in its plan"
  })
  void aHeaderThatSaysAnotherNumberEndsTheForward(Header field, String told) {
    for (int by : new int[] {-1, 1}) {
      assertThatThrownBy(() -> changed(plan -> plan[ForwardLayout.at(field)] += by))
          .hasMessageContaining("Cannot run a forward: it takes ")
          .hasMessageContaining(told);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SLOTS,queries of groups",
    "WIDTH,queries of groups",
    "SPAN,mask entries",
    "PICKS_SLOTS,slots of groups",
    "WINDOWED,mask entries",
    "PLACED,positions of cells"
  })
  void aGroupOfAnotherSizeEndsTheForward(ForwardLayout.Group field, String told) {
    int lastGroup =
        COPIES
            + ForwardLayout.length(ForwardLayout.Copy.class)
            + ForwardLayout.length(ForwardLayout.Group.class);
    assertThatThrownBy(() -> changed(plan -> plan[lastGroup + ForwardLayout.at(field)]++))
        .hasMessageContaining("Cannot run a forward: it takes ")
        .hasMessageContaining(told);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 1})
  void anArrayOfAnotherLengthEndsTheForward(int by) {
    try (ModelSession session = model.newSession()) {
      ForwardPlan p = plan(session);
      long[] whole = Arrays.copyOf(p.whole, p.whole.length + by);
      assertThatThrownBy(() -> run(p.plan, whole, p.masks, p.sampler, p.keys))
          .hasMessageContaining("numbers in its sections and got " + whole.length + ".");
      float[] masks = Arrays.copyOf(p.masks, p.masks.length + by);
      assertThatThrownBy(() -> run(p.plan, p.whole, masks, p.sampler, p.keys))
          .hasMessageContaining("mask entries and got " + masks.length + ".");
      long[] keys = Arrays.copyOf(p.keys, p.keys.length + by);
      assertThatThrownBy(() -> run(p.plan, p.whole, p.masks, p.sampler, keys))
          .hasMessageContaining("3 keys of noise and got " + keys.length + ".");
      long[] plan = Arrays.copyOf(p.plan, p.plan.length + by);
      assertThatThrownBy(() -> run(plan, p.whole, p.masks, p.sampler, p.keys))
          .hasMessageContaining("numbers in its plan and got " + plan.length + ".");
    }
  }

  @Test
  void theScriptUsesEveryNameAndNoOther() throws IOException {
    assertThat(ScriptArchive.written("causal_lm.py", ForwardLayout.names()))
        .doesNotContainPattern("\\{[a-z_]+\\.[a-z_]+}");
    Map<String, Integer> fewer = new TreeMap<>(ForwardLayout.names());
    fewer.remove("group.span");
    assertThatThrownBy(() -> ScriptArchive.written("causal_lm.py", fewer))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("it uses {group.span}, which nobody declares");
    Map<String, Integer> more = new TreeMap<>(ForwardLayout.names());
    more.put("group.colour", 9);
    assertThatThrownBy(() -> ScriptArchive.written("causal_lm.py", more))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("it does not use [group.colour]");
  }
}
