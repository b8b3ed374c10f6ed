package io.foresight.jobs.process;

import io.foresight.decoding.Strategies;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.TokenControls;
import io.foresight.engine.prompt.Prompts;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.Tokenizer;
import io.foresight.model.text.TokenizerDifference;
import io.foresight.model.text.TokenizerFit;
import io.foresight.reward.InvalidRewardsException;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.TextScorer;
import io.foresight.settings.SettingsException;
import io.foresight.store.ModelStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/**
 * A run's models, checked on the driver before any work starts.
 *
 * @param draft {@code null} if the strategy has none
 * @param folders where each model that the run reads lies on this host
 */
public record Models(Checkpoint target, Checkpoint draft, Map<String, String> folders) {

  /**
   * Checks configuration, weights and tokenizer of each model, that the draft's vocabulary is the
   * target's and the ids that its head is to score are known, that the target's chat template works
   * if prompts are to be chats, and the models of rewards.
   *
   * @param store where remote models are copied to, and held until it is closed
   * @throws ModelException with what is wrong with any of them
   * @throws SettingsException if nothing is, but what rewards ask of theirs
   */
  public static Models check(ModelStore store, GenerationSettings settings) {
    List<String> problems = new ArrayList<>();
    Checkpoint target = inspect(store, settings.targetModel(), problems);
    Checkpoint draft = null;
    if (Strategies.of(settings.settings()).usesDraft()) {
      draft = inspect(store, settings.draftModel(), problems);
    }
    if (problems.isEmpty() && draft != null) {
      compareVocabularies(target, draft, problems);
    }
    if (draft != null) {
      try {
        HeadIds.of(draft, settings.draftHead());
      } catch (ModelException e) {
        problems.add(e.getMessage());
      }
    }
    if (target != null) {
      try {
        Prompts.of(settings.prompt(), target.folder());
      } catch (ModelException e) {
        problems.add(e.getMessage());
      }
    }
    Map<String, String> folders = new HashMap<>();
    try {
      if (target != null) {
        TokenControls.check(settings.settings(), target.folder(), target.vocabularySize());
      }
      folders.putAll(ofRewards(store, settings.rewards()));
    } catch (ModelException | SettingsException e) {
      if (problems.isEmpty()) {
        throw e;
      }
      problems.add(e.getMessage());
    }
    if (!problems.isEmpty()) {
      throw new ModelException(String.join("\n", problems));
    }
    settings.models().forEach(model -> folders.put(model, store.folder(model).toString()));
    return new Models(target, draft, folders);
  }

  /**
   * Checks the models of rewards, and that they have the classes that are asked for.
   *
   * @return where each lies on this host
   * @throws SettingsException with what is wrong
   */
  public static Map<String, String> ofRewards(ModelStore store, RewardSpec rewards) {
    Map<String, String> folders = new HashMap<>();
    rewards.models().forEach(model -> folders.put(model, store.folder(model).toString()));
    try {
      TextScorer.Source labels = model -> labelled(folders.get(model));
      (rowsAreScoredHere() ? Rewards.openHere(rewards, labels) : Rewards.open(rewards, labels))
          .close();
    } catch (InvalidRewardsException e) {
      throw new SettingsException(e.problems());
    }
    return folders;
  }

  /** Whether this process is the one executor too, so that its environment is the programs'. */
  private static boolean rowsAreScoredHere() {
    return SparkSession.getActiveSession().exists(session -> session.sparkContext().isLocal());
  }

  /** A reward's model, checked, with its labels. */
  private static TextScorer labelled(String folder) {
    return new TextScorer.NotLoaded(folder, ClassifierCheckpoint.inspect(Path.of(folder)).labels());
  }

  /** The same settings with the models' folders on this host. */
  public GenerationSettings on(GenerationSettings settings) {
    return settings.withModels(model -> folders.getOrDefault(model, model));
  }

  private static Checkpoint inspect(ModelStore store, String location, List<String> problems) {
    String copy = "";
    try {
      Path folder = store.folder(location);
      if (!folder.equals(Path.of(location))) {
        copy = " It was given as %s.".formatted(location);
      }
      Checkpoint checkpoint = Checkpoint.inspect(folder);
      Tokenizer.load(checkpoint.folder()).close();
      TokenizerFit.problem(checkpoint.folder(), checkpoint.embeddingRows())
          .ifPresent(problems::add);
      return checkpoint;
    } catch (IOException e) {
      problems.add(
          "Cannot read the tokenizer of %s: %s. Check that its files are readable."
              .formatted(location, e.getMessage()));
      return null;
    } catch (ModelException e) {
      problems.add(e.getMessage() + copy);
      return null;
    }
  }

  public static void compareVocabularies(
      Checkpoint target, Checkpoint draft, List<String> problems) {
    try {
      TokenizerDifference.requireNone(target.folder(), draft.folder());
    } catch (ModelException e) {
      problems.add(e.getMessage());
    }
  }
}
