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
    Row row = new Row(target, null, request);
    try (Line p = Line.open(row.target(), row.tokens(), Line.Detail.LOG_PROBS)) {
      while (!row.finished()) {
        Next next = p.next(0);
        row.commit(Origin.TARGET, next.id(), next.logProb());
        p.advance(next.id());
      }
    }
    return row.generation();
  }
}
