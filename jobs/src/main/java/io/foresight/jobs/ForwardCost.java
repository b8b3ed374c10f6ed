package io.foresight.jobs;

import ai.djl.Device;
import io.foresight.decoding.Ask;
import io.foresight.decoding.Extension;
import io.foresight.decoding.Sequence;
import io.foresight.model.CausalLm;
import io.foresight.model.ModelSession;
import io.foresight.spark.GenerationSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** What one forward costs against another, by the median of interleaved calls. */
final class ForwardCost {

  private static final int PREFIX = 20;
  private static final int CALLS = 400;
  private static final int WARM_UP = 50;

  private ForwardCost() {}

  /** Measures on the models of {@code settings}, one thread, and says it in lines of text. */
  static String measure(GenerationSettings settings) {
    try (CausalLm p =
            CausalLm.load(
                Path.of(settings.targetModel()), Device.cpu(), settings.targetPrecision());
        CausalLm q =
            CausalLm.load(Path.of(settings.draftModel()), Device.cpu(), settings.draftPrecision());
        ModelSession target = p.newSession();
        ModelSession forked = p.newSession();
        ModelSession draft = q.newSession()) {
      int k = settings.decoding().candidates();
      List<Sequence> one = open(target, 1);
      List<Sequence> rows = open(target, k);
      List<Sequence> rollouts = fork(forked, k);
      List<Sequence> drafts = open(draft, 1);
      double[] times =
          medians(
              () -> extend(target, one, 1),
              () -> extend(target, one, 17),
              () -> extend(target, rows, 1),
              () -> extend(forked, rollouts, 1),
              () -> extend(draft, drafts, 1));
      return """
          One forward, one thread: the draft's over one token takes %.2f of the target's; the target's over 17 tokens %.2f of
          its own over one; over %d rollouts of a row %.2f of that over %d rows.
          """
          .formatted(times[4] / times[0], times[1] / times[0], k, times[3] / times[2], k);
    }
  }

  private static List<Sequence> open(ModelSession session, int count) {
    List<Sequence> sequences = IntStream.range(0, count).mapToObj(i -> session.open()).toList();
    session.extend(
        sequences.stream().map(s -> Extension.of(s, new int[PREFIX], Ask.NOTHING)).toList());
    return sequences;
  }

  /** Branches of one sequence, as the rollouts of a row's candidates are. */
  private static List<Sequence> fork(ModelSession session, int count) {
    Sequence trunk = open(session, 1).get(0);
    return IntStream.range(0, count).mapToObj(i -> trunk.fork()).toList();
  }

  private static void extend(ModelSession session, List<Sequence> sequences, int tokens) {
    List<Extension> extensions = new ArrayList<>();
    for (Sequence sequence : sequences) {
      sequence.truncate(PREFIX);
      extensions.add(Extension.of(sequence, new int[tokens], Ask.argmax(0)));
    }
    session.extend(extensions);
  }

  private static double[] medians(Runnable... calls) {
    double[][] seconds = new double[calls.length][CALLS];
    for (int i = -WARM_UP; i < CALLS; i++) {
      for (int c = 0; c < calls.length; c++) {
        long started = System.nanoTime();
        calls[c].run();
        if (i >= 0) {
          seconds[c][i] = (System.nanoTime() - started) / 1e9;
        }
      }
    }
    return Arrays.stream(seconds)
        .mapToDouble(
            all -> {
              Arrays.sort(all);
              return all[CALLS / 2];
            })
        .toArray();
  }
}
