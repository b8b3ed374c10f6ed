package io.foresight.jobs.evaluate;

import io.foresight.engine.JudgingSettings;
import io.foresight.engine.ScoringSettings;
import io.foresight.jobs.measure.TextSource;
import io.foresight.jobs.metrics.MetricSet;
import io.foresight.jobs.output.RunIdentity;
import io.foresight.jobs.score.ScoreJob;
import io.foresight.jobs.settings.JobSettings;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.SettingsException;
import io.foresight.spark.ColumnSettings;
import io.foresight.spark.Progress;
import io.foresight.spark.Provenance;
import io.foresight.store.ModelStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.SparkSession;

/**
 * The model that judges what others wrote.
 *
 * @param model where it lies, as it was given
 * @param folder where it lies on this host
 * @param label the class that texts should have; {@code null} of a language model
 */
record JudgeOption(String model, Path folder, String label) {

  /** What stands between the names of a variant's folder and of its judge. */
  private static final String BY = "@";

  /**
   * The judge, checked.
   *
   * @param label as given; may be {@code null}
   */
  static JudgeOption of(ModelStore store, String model, String label) {
    Path folder = store.folder(model);
    if (!ClassifierCheckpoint.isMeantBy(folder)) {
      Checkpoint.inspect(folder);
      if (label != null) {
        throw new SettingsException(
            List.of(
                "--judge-label %s: %s is a language model, which has no classes. Leave it out."
                    .formatted(label, model)));
      }
      return new JudgeOption(model, folder, null);
    }
    List<String> labels = ClassifierCheckpoint.inspect(folder).labels();
    if (label == null || !labels.contains(label)) {
      throw new SettingsException(
          List.of(
              "--judge-label %s: it must be the class of %s that texts should have, one of %s."
                  .formatted(
                      label == null ? "is missing" : label, model, String.join(", ", labels))));
    }
    return new JudgeOption(model, folder, label);
  }

  /** What it is. */
  MetricSet.Judge kind() {
    return label == null ? MetricSet.Judge.LANGUAGE_MODEL : MetricSet.Judge.CLASSIFIER;
  }

  /** The folder of its judgements of a run, beside the run's own. */
  String output(PlannedRun run) {
    return run.settings().output() + BY + DataSets.name(model);
  }

  /**
   * The run that judges what a run wrote.
   *
   * @param settings that read the run's output and write to {@link #output}
   */
  PlannedRun over(PlannedRun run, JobSettings settings, SparkSession spark, Progress progress)
      throws IOException {
    Map<String, String> content = new TreeMap<>();
    content.put(
        "judged",
        digest(RunIdentity.of(run.kind().name(), run.settings(), run.kind().content()).toString()));
    content.put("text", run.text());
    PartOfEvaluation kind;
    if (label == null) {
      content.put("judge.model", ModelDigest.of(folder));
      String prefix = run.settings().generation().settings().get(ColumnSettings.PREFIX);
      JudgingSettings judging =
          new JudgingSettings(
              settings.generation().settings(),
              run.settings().generation().prompt(),
              model,
              run.text(),
              run.kind().name().equals("generate") ? prefix + "status" : null);
      kind = PartOfEvaluation.of(new Judging(spark, progress, judging, content));
    } else {
      Map<String, Object> reward = Map.of("type", "classifier", "model", model, "label", label);
      RewardSpec rewards = RewardSpec.of(TextSource.JUDGING_REWARD, reward);
      content.putAll(Provenance.of(rewards.withModels(any -> folder.toString())));
      content.put("judge.label", label);
      ScoringSettings scoring =
          new ScoringSettings(settings.generation().settings(), run.text(), rewards);
      kind = PartOfEvaluation.of(new ScoreJob.Scoring(spark, progress, scoring, content));
    }
    return new PlannedRun(run.variant(), run.dataset(), settings, kind, run.text(), run.shown());
  }

  private static String digest(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }
}
