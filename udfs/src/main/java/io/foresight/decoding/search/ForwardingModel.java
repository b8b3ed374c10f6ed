package io.foresight.decoding.search;

import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsRules;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.budget.DraftFit;
import io.foresight.decoding.budget.ForwardCost;

/**
 * A model that has another one's vocabulary, context and sequences, and its own {@code extend}: for
 * strategies that look at, change or count what a model is asked.
 */
public abstract class ForwardingModel implements LanguageModel {

  /** The other one. */
  protected final LanguageModel model;

  /** Stands before {@code model}. */
  protected ForwardingModel(LanguageModel model) {
    this.model = model;
  }

  @Override
  public int vocabularySize() {
    return model.vocabularySize();
  }

  @Override
  public int contextLength() {
    return model.contextLength();
  }

  @Override
  public boolean isEos(int id) {
    return model.isEos(id);
  }

  @Override
  public Sequence open() {
    return model.open();
  }

  @Override
  public LogitsRules rules() {
    return model.rules();
  }

  @Override
  public DraftFit fit() {
    return model.fit();
  }

  @Override
  public ForwardCost cost() {
    return model.cost();
  }

  @Override
  public boolean hasCanonicalScores() {
    return model.hasCanonicalScores();
  }
}
