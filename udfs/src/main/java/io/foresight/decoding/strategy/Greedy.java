package io.foresight.decoding.strategy;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.List;

/** The arg max of p, token by token. */
public final class Greedy implements Strategy {

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "greedy";
    }

    @Override
    public List<Setting<?>> reads() {
      return List.of();
    }

    @Override
    public Strategy create(Settings settings) {
      return new Greedy();
    }

    @Override
    public Promise promise() {
      return Promise.GREEDY;
    }
  }

  @Override
  public String name() {
    return "greedy";
  }

  @Override
  public boolean usesDraft() {
    return false;
  }

  @Override
  public CacheNeed cacheNeed() {
    return new CacheNeed(1, 0, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    return decode(target, request, null);
  }

  /** The arg max of p, or of what noise makes of it, token by token. */
  static Generation decode(LanguageModel target, Request request, Noise noise) {
    DecodingRow row = new DecodingRow(target, null, request);
    try (Hypothesis p =
        Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise)) {
      while (!row.finished()) {
        TokenScores next = p.next(0);
        row.commit(Origin.TARGET, next.id(), next.logProb());
        p.advance(next.id());
      }
    }
    return row.generation();
  }
}
