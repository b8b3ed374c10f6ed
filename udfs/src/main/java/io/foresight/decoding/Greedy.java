package io.foresight.decoding;

import io.foresight.decoding.Tally.Origin;

/** The arg max of p, token by token. */
public final class Greedy implements Strategy {

  @Override
  public String name() {
    return "greedy";
  }

  @Override
  public boolean usesDraft() {
    return false;
  }

  @Override
  public Branches branches() {
    return new Branches(1, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    return decode(target, request, null);
  }

  /** The arg max of p, or of what noise makes of it, token by token. */
  static Generation decode(LanguageModel target, Request request, Noise noise) {
    Row row = new Row(target, null, request);
    try (Line p = Line.open(row.target(), row.tokens(), Line.Detail.LOG_PROBS, noise)) {
      while (!row.finished()) {
        Next next = p.next(0);
        row.commit(Origin.TARGET, next.id(), next.logProb());
        p.advance(next.id());
      }
    }
    return row.generation();
  }
}
