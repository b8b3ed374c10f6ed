package io.foresight.decoding;

import java.util.List;

/** A language model whose forwards are counted. The only place where they are. */
final class CountingModel implements LanguageModel {

  /** Receives the number of positions of each forward. */
  @FunctionalInterface
  interface Meter {
    void forward(long positions);
  }

  private final LanguageModel model;
  private final Meter meter;

  CountingModel(LanguageModel model, Meter meter) {
    this.model = model;
    this.meter = meter;
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
  public List<Scores> extend(List<Extension> extensions) {
    long positions = 0;
    for (Extension extension : extensions) {
      positions += extension.tokens().length;
    }
    meter.forward(positions);
    return model.extend(extensions);
  }
}
