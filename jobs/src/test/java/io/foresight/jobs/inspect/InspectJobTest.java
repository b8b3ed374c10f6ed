package io.foresight.jobs.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.jobs.JobRun;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class InspectJobTest {

  private static final String TARGET = Path.of("..", "examples", "target").toString();
  private static final String DRAFT = Path.of("..", "examples", "draft").toString();
  private static final String OTHER =
      Path.of("..", "udfs", "src", "test", "resources", "parity", "gpt2").toString();

  @Test
  void aModelIsDescribedWithoutBeingLoaded() {
    JobRun run = JobRun.of("inspect", OTHER, "--tokens", "1000");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .isEqualTo(
            """
            Model       %s
            Family      gpt2
            Parameters  37,760 in 2 layers, stored as F32
            Vocabulary  256 ids; a text ends with [2]
            Context     128 tokens
            Memory in MiB: weights, and caches of 128 tokens by the sequences in them
                           weights         1         4        16        64
            fp32               0.2       0.1       0.3       1.0       4.0
            bf16               0.1       0.0       0.1       0.5       2.0
            int8               0.1       0.1       0.3       1.0       4.0
            Logits take 1.0 KiB for each scored position, of which 24 at most go through the head together
            """
                .formatted(OTHER));
  }

  @Test
  void aClassifierIsDescribedByWhatItTells() {
    String folder = Path.of("..", "examples", "harmlessness").toString();
    JobRun run = JobRun.of("inspect", folder);
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .isEqualTo(
            """
            Model       %s
            Family      distilbert, a classifier
            Parameters  690,178, 2.6 MiB as fp32
            Vocabulary  4,096 ids
            Texts       up to 128 tokens, special ones included
            Labels      harmless, harmful
            Scores      probabilities, of which one text's sum to 1
            """
                .formatted(folder));
    assertThat(JobRun.of("inspect", classifier("gpt2-reward")).out())
        .contains("Family      gpt2, a classifier", "plain numbers");
    assertThat(JobRun.of("inspect", folder, "--digest").out())
        .endsWith("Digest      " + ClassifierCheckpoint.inspect(Path.of(folder)).digest() + "\n");
    JobRun draft = JobRun.of("inspect", folder, "--draft-for", TARGET);
    assertThat(draft.code()).isEqualTo(4);
    assertThat(draft.err()).contains("Cannot draft with " + folder + ": it is a classifier.");
  }

  private static String classifier(String name) {
    return Path.of(OTHER).resolve(Path.of("..", "..", "parity-classifiers", name)).toString();
  }

  @Test
  void aDraftIsComparedWithItsTarget() {
    JobRun fits = JobRun.of("inspect", DRAFT, "--draft-for", TARGET);
    assertThat(fits.code()).as(fits.err()).isZero();
    assertThat(fits.out()).contains("It can draft for " + TARGET + ", at 0.");
    JobRun differs = JobRun.of("inspect", OTHER, "--draft-for", TARGET);
    assertThat(differs.code()).isEqualTo(4);
    assertThat(differs.err()).contains("Cannot ").contains(OTHER);
  }

  @Test
  void whatIsNoModelOrNoNumberIsRefused() {
    assertThat(JobRun.of("inspect", "nowhere").err())
        .startsWith("Cannot load model nowhere: there is no such folder.");
    assertThat(JobRun.of("inspect", TARGET, "--tokens", "0").code()).isEqualTo(2);
  }
}
