package io.foresight.jobs.benchmark;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.STRATEGY;

import io.foresight.engine.EngineSettings;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowDecoder;
import io.foresight.engine.Spent;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.cost.ForwardShape;
import io.foresight.settings.Settings;
import io.foresight.spark.SparkTask;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What forwards of the benchmark's models cost, sampled between its rounds. */
final class ForwardCosts {

  /** Tokens of the line that the printed figures compare with one token. */
  private static final int LINE = 17;

  /** Two models as they are loaded. */
  private record Pair(
      String target, Precision targetPrecision, String draft, Precision draftPrecision) {

    static Pair of(GenerationSettings settings) {
      return new Pair(
          settings.targetModel(),
          settings.targetPrecision(),
          settings.draftModel(),
          settings.draftPrecision());
    }
  }

  private static final class Curves {

    private CostCurve target;
    private CostCurve draft;
  }

  private final Map<Pair, GenerationSettings> pairs = new LinkedHashMap<>();
  private final Map<Pair, Curves> curves = new LinkedHashMap<>();
  private final GenerationSettings first;
  private final List<ForwardShape> compared;
  private final int batch;

  ForwardCosts(List<Variant> variants) {
    first = variants.get(0).settings();
    int k = first.settings().get(CANDIDATES);
    compared =
        List.of(ForwardShape.of(1, LINE), ForwardShape.of(k, 1), new ForwardShape(k, 1, true));
    batch = variants.stream().mapToInt(Variant::batch).max().orElseThrow();
    for (Variant variant : variants) {
      pairs.putIfAbsent(Pair.of(variant.settings()), variant.settings());
    }
  }

  /**
   * The models of a variant, whatever its strategy uses and whatever its caches may take, since
   * more sequences are timed than it has rows; to be closed.
   */
  static RowDecoder both(GenerationSettings settings) {
    return new RowDecoder(
        settings
            .with(EngineSettings.CACHE_MEMORY, Long.MAX_VALUE / 4)
            .with(Settings.defaults().with(STRATEGY, "speculative")),
        SparkTask.current(settings.device()));
  }

  /** Times the forwards of all models some more. */
  void sample() {
    pairs.forEach(
        (pair, settings) -> {
          try (RowDecoder models = both(settings)) {
            Curves both = curves.computeIfAbsent(pair, p -> new Curves());
            if (both.target == null) {
              both.target = new CostCurve(models.target(), batch, compared);
              both.draft = new CostCurve(models.draft(), batch, List.of());
            }
            both.target.sample(models.target());
            both.draft.sample(models.draft());
          }
        });
  }

  /** Seconds that the forwards of a run would have taken one by one on the measured curves. */
  double predictedSeconds(GenerationSettings settings, Spent spent) {
    Curves both = curves.get(Pair.of(settings));
    return both.target.cost().seconds(spent.target().sizes())
        + both.draft.cost().seconds(spent.draft().sizes());
  }

  /** The first variant's target. */
  CostCurve target() {
    return curves.get(Pair.of(first)).target;
  }

  /** The figures that compare forwards, in lines of text. */
  String text() {
    Curves both = curves.get(Pair.of(first));
    int k = first.settings().get(CANDIDATES);
    double one = both.target.seconds(ForwardShape.of(1, 1));
    return """
        One forward, one thread: the draft's over one token takes %.2f of the target's; the target's over 17 tokens %.2f of
        its own over one; over %d rollouts of a row %.2f of that over %d rows.
        """
        .formatted(
            both.draft.seconds(ForwardShape.of(1, 1)) / one,
            both.target.seconds(ForwardShape.of(1, LINE)) / one,
            k,
            both.target.seconds(new ForwardShape(k, 1, true))
                / both.target.seconds(ForwardShape.of(k, 1)),
            k);
  }
}
