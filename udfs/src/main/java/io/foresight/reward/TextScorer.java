package io.foresight.reward;

import java.util.List;

/**
 * A model that classifies texts. May block while texts of other rows join in its forward; called
 * from a row's thread.
 */
public interface TextScorer {

  /**
   * Names of the classes; one for a model with a single output; none where the model cannot be
   * looked at.
   */
  List<String> labels();

  /**
   * Scores texts.
   *
   * @return per text and label the model's output: a probability of a classifier, the raw number of
   *     a model with a single output; nothing for a text that has no token
   */
  List<float[]> score(List<String> texts);

  /** Where rewards get their models from. */
  @FunctionalInterface
  interface Source {

    /**
     * The model in a folder, or at a URI.
     *
     * @throws RuntimeException with a message for the user if there is no such model
     */
    TextScorer scorer(String location);

    /** Models that are somewhere else, for a look at settings; none can score. */
    Source ELSEWHERE = location -> new NotLoaded(location, List.of());
  }

  /** A model that is not loaded, of which the labels may be known. */
  record NotLoaded(String location, List<String> labels) implements TextScorer {

    @Override
    public List<float[]> score(List<String> texts) {
      throw new IllegalStateException("Cannot score with " + location + ": it is not loaded here.");
    }
  }
}
