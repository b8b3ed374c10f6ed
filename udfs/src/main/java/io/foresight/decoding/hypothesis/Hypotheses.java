package io.foresight.decoding.hypothesis;

import java.util.ArrayList;
import java.util.List;

/** Hypotheses that are closed together: those of a step, whose number is not known before. */
public final class Hypotheses implements AutoCloseable {

  private final List<Hypothesis> hypotheses = new ArrayList<>();

  /** Adds a hypothesis; it is closed with the others. */
  public Hypothesis add(Hypothesis hypothesis) {
    hypotheses.add(hypothesis);
    return hypothesis;
  }

  /** All that were added, in order. */
  public List<Hypothesis> all() {
    return hypotheses;
  }

  @Override
  public void close() {
    hypotheses.forEach(Hypothesis::close);
  }
}
