package io.foresight.spark;

import static io.foresight.decoding.DecodingSettings.STRATEGY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ModelCache;
import io.foresight.engine.ModelPool;
import io.foresight.model.CacheBudget;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.ModelException;
import io.foresight.model.text.Tokenizer;
import io.foresight.reward.Combination;
import io.foresight.reward.InvalidRewardsException;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.settings.Settings;
import io.foresight.store.ModelStore;
import io.foresight.store.StoreSettings;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What changes a run's output besides its settings is seen, and held to what it should be. */
class ProvenanceTest {

  private static final Path EXAMPLES = Path.of("../examples");

  @TempDir Path temp;

  private Path copy(String model) throws IOException {
    Path folder = Files.createDirectories(temp.resolve(model));
    try (Stream<Path> files = Files.list(EXAMPLES.resolve(model))) {
      for (Path file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return folder;
  }

  /** Changes one byte of a file's last ones, and nothing else, not even its time. */
  private static void damage(Path file) throws IOException {
    FileTime time = Files.getLastModifiedTime(file);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 9] ^= 1;
    Files.delete(file);
    Files.write(file, bytes);
    Files.setLastModifiedTime(file, time);
  }

  private static RewardSpec rewards(Map<String, Map<String, Object>> rewards) {
    List<RewardSpec.Named> named = new ArrayList<>();
    rewards.forEach((name, settings) -> named.add(new RewardSpec.Named(name, settings)));
    return new RewardSpec(Combination.WEIGHTED_SUM, named);
  }

  @Test
  void theDigestCoversAllThatChangesTheOutput() throws IOException {
    Path folder = copy("draft");
    List<String> seen = new ArrayList<>(List.of(ModelDigest.of(folder)));
    assertThat(ModelDigest.ofWeights(folder)).isEqualTo(Checkpoint.inspect(folder).digest());
    for (String name :
        List.of("tokenizer_config.json", "chat_template.jinja", "generation_config.json")) {
      Files.writeString(folder.resolve(name), "{}");
      seen.add(ModelDigest.of(folder));
      Files.writeString(folder.resolve(name), "{ }");
      seen.add(ModelDigest.of(folder));
    }
    for (String name : List.of("config.json", "tokenizer.json")) {
      Files.writeString(folder.resolve(name), Files.readString(folder.resolve(name)) + "\n");
      seen.add(ModelDigest.of(folder));
    }
    damage(folder.resolve("model.safetensors"));
    seen.add(ModelDigest.of(folder));
    assertThat(seen).doesNotHaveDuplicates();
    String last = seen.get(seen.size() - 1);
    Files.writeString(folder.resolve("README.md"), "nothing that is read");
    assertThat(ModelDigest.of(folder)).isEqualTo(last);
  }

  @Test
  void aRunIsKnownByItsModelsAndItsRewardsCode() throws IOException {
    Path program = Files.writeString(temp.resolve("score.py"), "print(1)");
    Path model = copy("harmlessness");
    RewardSpec rewards =
        rewards(
            Map.of(
                "harmless",
                Map.of("type", "classifier", "model", model.toString(), "label", "harmless"),
                "program",
                Map.of("type", "command", "command", List.of("python3", program.toString(), "-v")),
                "words",
                Map.of("type", "forbidden-words", "words", List.of("x"))));
    GenerationSettings settings =
        GenerationSettings.of(
                EXAMPLES.resolve("target").toString(), EXAMPLES.resolve("draft").toString())
            .withRewards(rewards);
    Map<String, String> before = Provenance.of(settings);
    assertThat(before)
        .containsOnlyKeys(
            "models.draft", "models.target", "rewards.harmless.model", "rewards.program.command.1");
    assertThat(before.values()).allMatch(StoreSettings::isDigest).doesNotHaveDuplicates();
    Settings greedy = settings.settings().with(STRATEGY, "greedy");
    assertThat(Provenance.of(settings.with(greedy))).doesNotContainKey("models.draft");
    Files.writeString(program, "print(2)");
    Files.writeString(model.resolve("chat_template.jinja"), "x");
    Map<String, String> after = Provenance.of(settings);
    assertThat(after).containsEntry("models.target", before.get("models.target"));
    assertThat(after.get("rewards.program.command.1"))
        .isNotEqualTo(before.get("rewards.program.command.1"));
    assertThat(after.get("rewards.harmless.model"))
        .isNotEqualTo(before.get("rewards.harmless.model"));
  }

  /** As another project's jar has it. */
  public static final class Own implements RewardFactory {

    @Override
    public String type() {
      return "own";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      throw new IllegalStateException("Nobody asks for it here.");
    }
  }

  @Test
  void jarsWithRewardsCount() throws IOException {
    Path services = Files.createDirectories(temp.resolve("META-INF/services"));
    Files.writeString(services.resolve(RewardFactory.class.getName()), Own.class.getName());
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {temp.toUri().toURL()}, Own.class.getClassLoader())) {
      thread.setContextClassLoader(loader);
      RewardSpec rewards = RewardSpec.of("mine", Map.of("type", "own"));
      assertThat(rewards.code()).containsOnlyKeys("mine.jar");
      assertThat(Provenance.of(rewards))
          .containsExactly(
              Map.entry("rewards.mine.jar", ModelDigest.ofFile(rewards.code().get("mine.jar"))));
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void filesAreToldByTheirContent() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("classes/a"));
    Path file = Files.writeString(folder.resolve("A.class"), "1234567890");
    List<String> seen = new ArrayList<>(List.of(ModelDigest.ofFile(temp.resolve("classes"))));
    damage(file);
    seen.add(ModelDigest.ofFile(temp.resolve("classes")));
    Files.move(file, folder.resolve("B.class"));
    seen.add(ModelDigest.ofFile(temp.resolve("classes")));
    assertThat(seen).doesNotHaveDuplicates();
  }

  @Test
  void aModelThatIsNotTheOneThatWasGivenIsRefused() throws IOException {
    Path folder = copy("draft");
    String digest = ModelDigest.ofWeights(folder);
    Configuration hadoop = new Configuration(false);
    StoreSettings right = StoreSettings.defaults().withDigests(Map.of(folder.toString(), digest));
    try (ModelStore store = new ModelStore(right, hadoop)) {
      assertThat(store.folder(folder.toString())).isEqualTo(folder);
      damage(folder.resolve("model.safetensors"));
      assertThatThrownBy(() -> store.folder(folder.toString()))
          .isInstanceOf(ModelException.class)
          .hasMessageStartingWith("Cannot use model " + folder + ": the digest of")
          .hasMessageContaining("the settings want " + digest);
    }
    assertThatThrownBy(() -> right.withDigests(Map.of(folder.toString(), "0".repeat(64))))
        .hasMessageContaining("its digest is to be both");
  }

  @Test
  void aRewardsModelMayHaveADigest() {
    String model = EXAMPLES.resolve("harmlessness").toString();
    String digest = ClassifierCheckpoint.inspect(Path.of(model)).digest();
    Map<String, Object> settings =
        Map.of("type", "classifier", "model", model, "label", "harmless", "digest", digest);
    assertThat(RewardSpec.of("harmless", settings).digests())
        .containsExactly(Map.entry(model, digest));
    Map<String, Object> other =
        Map.of("type", "classifier", "model", model, "label", "harmful", "digest", "0".repeat(64));
    assertThatThrownBy(() -> rewards(Map.of("a", settings, "b", other)).digests())
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining("another reward gives the same model the digest");
  }

  @Test
  void anExecutorSeesThatAModelWasReplacedWhileItLived() throws IOException {
    Path folder = copy("draft");
    ModelPool.Use<Tokenizer> tokenizer = ModelCache.tokenizer(folder.toString());
    try (ModelPool.Use<Tokenizer> same = ModelCache.tokenizer(folder.toString())) {
      assertThat(same.model()).isSameAs(tokenizer.model());
    }
    CacheBudget budget = new CacheBudget(1 << 20);
    ModelCache.closeIdle();
    ModelCache.Lease first = lease(folder, budget);
    lease(folder, budget).close();
    assertThat(ModelCache.size()).isEqualTo(1);
    damage(folder.resolve("model.safetensors"));
    lease(folder, budget).close();
    // The first one is still in use.
    assertThat(ModelCache.size()).isEqualTo(2);
    first.close();
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, Files.readString(file) + "\n");
    try (ModelPool.Use<Tokenizer> other = ModelCache.tokenizer(folder.toString())) {
      assertThat(other.model()).isNotSameAs(tokenizer.model());
    }
    tokenizer.close();
    assertThat(ModelCache.size()).as("what was replaced has left").isZero();
  }

  private static ModelCache.Lease lease(Path folder, CacheBudget budget) {
    return ModelCache.lease(folder.toString(), Device.cpu(), Precision.FP32, HeadIds.FULL, budget);
  }
}
