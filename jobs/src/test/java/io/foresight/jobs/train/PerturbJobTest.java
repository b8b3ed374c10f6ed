package io.foresight.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.foresight.jobs.JobRun;
import io.foresight.model.CausalLm;
import io.foresight.model.checkpoint.Precision;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A perturbed draft is the same draft, and fits its target less the more noise it has. */
class PerturbJobTest {

  private static final Path EXAMPLES = Path.of("../examples").toAbsolutePath().normalize();

  @TempDir Path folder;

  private JobRun perturb(String noise, Path to) {
    Path draft = EXAMPLES.resolve("draft");
    return JobRun.of(
        "perturb", "--model", draft.toString(), "--noise", noise, "--output", to.toString());
  }

  private static double fit(Path draft) {
    try (CausalLm p = CausalLm.load(EXAMPLES.resolve("target"), Device.cpu(), Precision.FP32);
        CausalLm q = CausalLm.load(draft, Device.cpu(), Precision.FP32)) {
      return q.fitTo(p).acceptance();
    }
  }

  @Test
  void noiseTakesTheFit() throws Exception {
    Path same = folder.resolve("same");
    Path noise = folder.resolve("noise");
    assertThat(perturb("0", same).code()).isZero();
    assertThat(perturb("3", noise).code()).isZero();
    assertThat(Files.readAllBytes(same.resolve("tokenizer.json")))
        .isEqualTo(Files.readAllBytes(EXAMPLES.resolve("draft/tokenizer.json")));
    double whole = fit(EXAMPLES.resolve("draft"));
    assertThat(whole).isGreaterThan(0.3);
    assertThat(fit(same)).isEqualTo(whole);
    assertThat(fit(noise)).isLessThan(0.1);
  }

  @Test
  void aModelThatCannotBePerturbedLeavesNoFolder() throws Exception {
    Path model = Files.createDirectory(folder.resolve("half"));
    for (String file : List.of("config.json", "tokenizer.json")) {
      Files.copy(EXAMPLES.resolve("draft").resolve(file), model.resolve(file));
    }
    // In the header, with a space for the letter, so that it is as long.
    byte[] weights = Files.readAllBytes(EXAMPLES.resolve("draft/model.safetensors"));
    String text = new String(weights, StandardCharsets.ISO_8859_1);
    Files.write(
        model.resolve("model.safetensors"),
        text.replace("\"BF16\"", "\"F16\" ").getBytes(StandardCharsets.ISO_8859_1));
    Path output = folder.resolve("output");
    JobRun run =
        JobRun.of(
            "perturb", "--model", model.toString(), "--noise", "1", "--output", output.toString());
    assertThat(run.err()).contains("it is stored as F16. Give a model in fp32 or bf16.");
    assertThat(output).doesNotExist();
  }

  @Test
  void whatIsThereIsNotReplaced() {
    assertThat(perturb("0", folder).err()).contains("it exists. Name a new folder.");
    assertThat(perturb("-1", folder.resolve("new")).err()).contains("a number of at least 0");
  }
}
