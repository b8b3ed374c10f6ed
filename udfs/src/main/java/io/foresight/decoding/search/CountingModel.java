package io.foresight.decoding.search;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsRules;
import io.foresight.decoding.Scores;
import java.util.List;

/**
 * A row's view of a model: with the row's rules, ends where the row does, and with forwards that
 * are counted here alone.
 */
final class CountingModel extends ForwardingModel {

  /** Receives the number of positions of each forward, and how many of its scores near-tied. */
  @FunctionalInterface
  interface Meter {
    void forward(long positions, long nearTies);
  }

  private final LanguageModel target;
  private final LogitsRules rules;
  private final Meter meter;

  /**
   * @param target p: its EOS ids are the row's, whatever others a draft of it was trained to end by
   */
  CountingModel(LanguageModel model, LanguageModel target, LogitsRules rules, Meter meter) {
    super(model);
    this.target = target;
    this.rules = rules;
    this.meter = meter;
  }

  @Override
  public boolean isEos(int id) {
    return target.isEos(id);
  }

  @Override
  public LogitsRules rules() {
    return rules;
  }

  @Override
  public List<Scores> extend(List<ForwardRequest> extensions) {
    long positions = 0;
    for (ForwardRequest extension : extensions) {
      positions += extension.tokens().length;
    }
    List<Scores> scores = model.extend(extensions);
    long nearTies = 0;
    for (int i = 0; i < scores.size(); i++) {
      double nearTie = extensions.get(i).ask().nearTie();
      for (float margin : scores.get(i).margin()) {
        nearTies += margin < nearTie ? 1 : 0;
      }
    }
    meter.forward(positions, nearTies);
    return scores;
  }
}
