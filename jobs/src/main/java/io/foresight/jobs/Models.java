package io.foresight.jobs;

import io.foresight.decoding.Strategies;
import io.foresight.model.Checkpoint;
import io.foresight.model.ModelException;
import io.foresight.model.Tokenizer;
import io.foresight.spark.GenerationSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A run's models, checked on the driver before any work starts.
 *
 * @param draft {@code null} if the strategy has none
 */
record Models(Checkpoint target, Checkpoint draft) {

  /**
   * Checks configuration, weights and tokenizer of each model, and that the draft's vocabulary is
   * the target's.
   *
   * @throws ModelException with what is wrong with either
   */
  static Models check(GenerationSettings settings) {
    List<String> problems = new ArrayList<>();
    Checkpoint target = inspect(settings.targetModel(), problems);
    Checkpoint draft = null;
    if (Strategies.of(settings.decoding()).usesDraft()) {
      draft = inspect(settings.draftModel(), problems);
    }
    if (problems.isEmpty() && draft != null) {
      compareVocabularies(target, draft, problems);
    }
    if (!problems.isEmpty()) {
      throw new ModelException(String.join("\n", problems));
    }
    return new Models(target, draft);
  }

  private static Checkpoint inspect(String folder, List<String> problems) {
    try {
      Checkpoint checkpoint = Checkpoint.inspect(Path.of(folder));
      Tokenizer.load(checkpoint.folder()).close();
      return checkpoint;
    } catch (ModelException e) {
      problems.add(e.getMessage());
      return null;
    }
  }

  static void compareVocabularies(Checkpoint target, Checkpoint draft, List<String> problems) {
    if (target.vocabularySize() != draft.vocabularySize()) {
      problems.add(
          "Cannot draft with %s: its vocabulary has %d ids, the target's %d. Use a draft with the target's tokenizer."
              .formatted(draft.folder(), draft.vocabularySize(), target.vocabularySize()));
      return;
    }
    try {
      long difference =
          Files.mismatch(
              target.folder().resolve("tokenizer.json"), draft.folder().resolve("tokenizer.json"));
      if (difference >= 0) {
        problems.add(
            "Cannot draft with %s: its tokenizer.json differs from the target's at byte %d. Use a draft with the target's tokenizer."
                .formatted(draft.folder(), difference));
      }
    } catch (IOException e) {
      problems.add(
          "Cannot compare the tokenizers of %s and %s: %s. Check that both files are readable."
              .formatted(target.folder(), draft.folder(), e));
    }
  }
}
