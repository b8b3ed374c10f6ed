package io.foresight.jobs.jmh;

import ai.djl.Device;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Sequence;
import io.foresight.model.CausalLm;
import io.foresight.model.ModelSession;
import io.foresight.model.checkpoint.Precision;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** One of the example models, loaded for a trial of a benchmark that extends this. */
@State(Scope.Thread)
public abstract class ExampleModel {

  /** Where the examples lie, from the module's folder, in which Maven runs. */
  static final Path EXAMPLES = Path.of("../examples");

  /** Tokens of a prompt. */
  static final int PROMPT = 20;

  @Param({"target", "draft"})
  public String model;

  private final SplittableRandom random = new SplittableRandom(1);
  private CausalLm weights;
  private ModelSession session;

  /** Loads it; for the setup of the benchmark, since JMH runs setups in no order to rely on. */
  void load() {
    weights = CausalLm.load(EXAMPLES.resolve(model), Device.cpu(), Precision.FP32);
    session = weights.newSession();
  }

  ModelSession session() {
    return session;
  }

  /** A sequence that holds a prompt. */
  Sequence prompted() {
    Sequence sequence = session.open();
    session.extend(ForwardRequest.of(sequence, ids(PROMPT), LogitsRequest.NOTHING));
    return sequence;
  }

  /** Other ids each time, so that no near tie stays in all calls. */
  int[] ids(int count) {
    return random.ints(count, 0, session.vocabularySize()).toArray();
  }

  /** Closes it. */
  @TearDown
  public void close() {
    session.close();
    weights.close();
  }
}
