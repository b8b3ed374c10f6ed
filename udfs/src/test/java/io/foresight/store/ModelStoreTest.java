package io.foresight.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelStoreTest {

  private static final int CONFIG = 100;
  private static final int TOKENIZER = 300;

  @TempDir Path temporary;

  private Path log;
  private Configuration hadoop;
  private StoreSettings settings;

  @BeforeEach
  void prepare() {
    log = temporary.resolve("log");
    hadoop = FarFileSystem.configuration(log);
    settings = bounded(1 << 30);
  }

  private StoreSettings bounded(long bytes) {
    return new StoreSettings(temporary.resolve("cache").toString(), bytes);
  }

  /** A folder that looks like a model, and holds what belongs to none. */
  private Path model(String name, int weights) throws IOException {
    Path folder = Files.createDirectories(temporary.resolve(name));
    Random random = new Random(name.hashCode());
    write(folder.resolve("config.json"), CONFIG, random);
    write(folder.resolve("tokenizer.json"), TOKENIZER, random);
    write(folder.resolve("model.safetensors"), weights, random);
    write(folder.resolve("README.md"), 50, random);
    write(folder.resolve("pytorch_model.bin"), 50, random);
    Files.createDirectories(folder.resolve("original.model"));
    return folder;
  }

  private static void write(Path file, int length, Random random) throws IOException {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    Files.write(file, bytes);
  }

  private static String far(Path folder) {
    return "far://" + folder;
  }

  private static long bytes(int weights) {
    return (long) CONFIG + TOKENIZER + weights;
  }

  private List<String> reads() throws IOException {
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  private static void assertCopied(Path copy, Path model) throws IOException {
    for (String name : List.of("config.json", "tokenizer.json", "model.safetensors")) {
      assertThat(copy.resolve(name)).hasSameBinaryContentAs(model.resolve(name));
    }
    try (Stream<Path> files = Files.list(copy)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "config.json", "tokenizer.json", "model.safetensors", "foresight-copy.json");
    }
  }

  private Path part() throws IOException {
    try (Stream<Path> files = Files.list(temporary.resolve("cache"))) {
      return files.filter(file -> file.toString().endsWith(".part")).findFirst().orElseThrow();
    }
  }

  @Test
  void theDefaultFolderIsNobodyElsesToFill() throws IOException {
    String given = System.getProperty("java.io.tmpdir");
    System.setProperty("java.io.tmpdir", temporary.toString());
    try (ModelStore store = new ModelStore(StoreSettings.defaults(), hadoop)) {
      Path model = model("m", 100);
      assertCopied(store.folder(far(model)), model);
      Path folder = temporary.resolve("foresight-models-" + System.getProperty("user.name"));
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwx---"));
      assertThatThrownBy(() -> store.folder(far(model)))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("Cannot copy models to " + folder)
          .hasMessageContaining("others may write to it. Set models.local-cache");
    } finally {
      System.setProperty("java.io.tmpdir", given);
    }
  }

  @Test
  void twoProcessesThatStartAtOnceCopyOnce() throws Exception {
    Path model = model("m", 3_000_000);
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      processes.add(StoreProcess.start(far(model), settings, log, 300));
    }
    List<String> folders = new ArrayList<>();
    for (Process process : processes) {
      folders.add(
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
      assertThat(process.waitFor()).isZero();
    }
    assertThat(folders.get(0)).isEqualTo(folders.get(1));
    assertCopied(Path.of(folders.get(0)), model);
    assertThat(reads())
        .containsExactlyInAnyOrder("config.json 0", "model.safetensors 0", "tokenizer.json 0");
  }

  @Test
  void threadsOfAProcessCopyOnceAndAnotherModelDoesNotWait() throws IOException {
    Path one = model("one", 3_000_000);
    Path other = model("other", 2_000_000);
    hadoop.setInt("far.delay", 20);
    List<Path> copies =
        Stream.of(one, other, one, other, one)
            .parallel()
            .map(model -> new ModelStore(settings, hadoop).folder(far(model)))
            .toList();
    assertCopied(copies.get(0), one);
    assertCopied(copies.get(1), other);
    assertThat(copies.get(4)).isEqualTo(copies.get(0));
    assertThat(reads()).hasSize(6);
  }

  @Test
  void aCopyThatFailedGoesOnWhereItEnded() throws IOException {
    Path model = model("m", 3_000_000);
    hadoop.setInt("far.fail-after", 2_000_000);
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      assertThatThrownBy(() -> store.folder(far(model)))
          .isInstanceOf(ModelException.class)
          .hasMessageStartingWith("Cannot copy model far:" + model + " to ")
          .hasMessageContaining(": the line went dead. Check the access to both;");
      // As a machine that lost power leaves it: longer than what is known to be on the disk.
      Files.write(part().resolve("model.safetensors"), new byte[500], StandardOpenOption.APPEND);
      hadoop.unset("far.fail-after");
      assertCopied(store.folder(far(model)), model);
    }
    assertThat(reads())
        .containsExactly(
            "config.json 0",
            "model.safetensors 0",
            "model.safetensors 2000000",
            "tokenizer.json 0");
  }

  @Test
  void aThreadThatFailsTakesNoHoldFromAnotherOfItsStore() throws IOException {
    Path model = model("m", 1000);
    Path other = model("other", 1000);
    settings = bounded(bytes(1000) + 1000);
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      Path copy = store.folder(far(model));
      Files.delete(copy.resolve("config.json"));
      hadoop.setInt("far.fail-after", 10);
      assertThatThrownBy(() -> store.folder(far(model))).hasMessageContaining("went dead");
      hadoop.unset("far.fail-after");
      assertThatThrownBy(() -> store.folder(far(other)))
          .hasMessageContaining("running processes use");
    }
  }

  @Test
  void aKilledCopyIsNotTakenForWholeAndGoesOn() throws Exception {
    Path model = model("m", 20 << 20);
    Process process = StoreProcess.start(far(model), settings, log, 100);
    while (durable() < 8 << 20) {
      assertThat(process.isAlive()).isTrue();
      Thread.sleep(20);
    }
    process.destroyForcibly().waitFor(60, TimeUnit.SECONDS);
    Path part = part();
    Path entry = part.resolveSibling(part.getFileName().toString().replace(".part", ""));
    assertThat(entry).doesNotExist();
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      assertCopied(store.folder(far(model)), model);
    }
    assertThat(reads())
        .containsExactly(
            "config.json 0",
            "model.safetensors 0",
            "model.safetensors 8388608",
            "tokenizer.json 0");
  }

  private long durable() throws IOException {
    if (reads().isEmpty()) {
      return 0;
    }
    Path file = part().resolve("model.safetensors.durable");
    return Files.exists(file) && Files.size(file) == 8
        ? ByteBuffer.wrap(Files.readAllBytes(file)).getLong()
        : 0;
  }

  @Test
  void whatIsThereIsNotReadAgainAndWhatChangedHasAnEntryOfItsOwn() throws IOException {
    Path model = model("m", 1000);
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      Path first = store.folder(far(model));
      assertThat(store.folder(far(model))).isEqualTo(first);
      assertThat(reads()).hasSize(3);
      Path weights = model.resolve("model.safetensors");
      write(weights, 1000, new Random(9));
      Files.setLastModifiedTime(weights, FileTime.fromMillis(1_000_000));
      Path second = store.folder(far(model));
      assertThat(second).isNotEqualTo(first);
      assertCopied(second, model);
      assertThat(first.resolve("model.safetensors")).exists();
    }
  }

  @Test
  void modelsOfTheSameLengthsAndTimesAreNotConfused() throws IOException {
    Path one = model("one", 1000);
    Path other = model("other", 1000);
    for (Path model : List.of(one, other)) {
      try (Stream<Path> files = Files.list(model)) {
        for (Path file : files.toList()) {
          Files.setLastModifiedTime(file, FileTime.fromMillis(0));
        }
      }
    }
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      assertCopied(store.folder(far(one)), one);
      assertCopied(store.folder(far(other)), other);
    }
  }

  @Test
  void aModelThatChangesDuringTheRunIsNotCopied() throws IOException {
    Path model = model("m", 1000);
    ModelLocation seen = ModelLocation.of(far(model), hadoop);
    write(model.resolve("model.safetensors"), 1001, new Random(9));
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      assertThatThrownBy(() -> store.folder(seen))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("its files have changed since the run looked at them");
    }
    assertThat(reads()).isEmpty();
  }

  @Test
  void aFileOfAnotherLengthIsNoticedAndCopiedAgain() throws IOException {
    Path model = model("m", 1000);
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      Path copy = store.folder(far(model));
      Files.write(copy.resolve("model.safetensors"), new byte[999]);
      assertCopied(store.folder(far(model)), model);
      Files.delete(copy.resolve("tokenizer.json"));
      assertCopied(store.folder(far(model)), model);
    }
    assertThat(reads()).hasSize(9);
  }

  @Test
  void hadoopsOwnLocalFileSystemIsCopiedFromAsWell() throws IOException {
    Path model = model("m", 1000);
    ModelLocation remote =
        new ModelLocation.Remote(RemoteModel.list(model.toUri().toString(), hadoop));
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      assertCopied(store.folder(remote), model);
    }
  }

  @Test
  void whatWasUsedLongestAgoMakesRoomUnlessItIsHeld() throws IOException {
    settings = bounded(2 * bytes(1000) + 2000);
    List<Path> models = new ArrayList<>();
    List<Path> copies = new ArrayList<>();
    try (ModelStore holder = new ModelStore(settings, hadoop)) {
      for (int i = 0; i < 4; i++) {
        models.add(model("m" + i, 1000));
      }
      copies.add(holder.folder(far(models.get(0))));
      for (int i = 1; i < 4; i++) {
        try (ModelStore store = new ModelStore(settings, hadoop)) {
          copies.add(store.folder(far(models.get(i))));
          // To the next model, a while later.
          Files.setLastModifiedTime(
              Path.of(copies.get(i) + ".used"), FileTime.fromMillis(i * 1_000_000L));
        }
      }
      assertThat(copies.get(0)).as("held").isDirectory();
      assertThat(copies.get(1)).doesNotExist();
      assertThat(copies.get(2)).doesNotExist();
      assertThat(copies.get(3)).isDirectory();
      try (ModelStore store = new ModelStore(settings, hadoop)) {
        store.folder(far(models.get(3)));
        assertThatThrownBy(() -> store.folder(far(models.get(2))))
            .isInstanceOf(ModelException.class)
            .hasMessageContaining("of the %d that copies".formatted(settings.bytes()))
            .hasMessageEndingWith(
                "Raise models.local-cache-size, or set models.local-cache to a larger disk.");
      }
    }
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      assertCopied(store.folder(far(models.get(2))), models.get(2));
    }
    assertThat(copies.get(0)).as("used long ago").doesNotExist();
    assertThat(copies.get(3)).as("used later").isDirectory();
  }

  @Test
  void anotherProcessHoldsWhatItUses() throws Exception {
    settings = bounded(bytes(1 << 20) + 1000);
    Path slow = model("slow", 1 << 20);
    Path other = model("other", 1000);
    Process process = StoreProcess.start(far(slow), settings, log, 3000);
    while (reads().isEmpty()) {
      assertThat(process.isAlive()).isTrue();
      Thread.sleep(20);
    }
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      assertThatThrownBy(() -> store.folder(far(other)))
          .hasMessageContaining("running processes use");
      process.destroyForcibly().waitFor(60, TimeUnit.SECONDS);
      // Its lock ended with it, and what it left makes room.
      assertCopied(store.folder(far(other)), other);
    }
    try (Stream<Path> files = Files.list(temporary.resolve("cache"))) {
      assertThat(files.filter(file -> file.toString().endsWith(".part"))).isEmpty();
    }
  }

  @Test
  void aModelLargerThanAllCopiesMayBeIsNotBegun() throws IOException {
    Path model = model("m", 1000);
    try (ModelStore store = new ModelStore(bounded(bytes(1000) - 1), hadoop)) {
      assertThatThrownBy(() -> store.folder(far(model)))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("it takes 1400 bytes, and the copies on a host may take 1399.");
    }
    assertThat(reads()).isEmpty();
  }

  @Test
  void whatCannotBeListedSaysWhyAndWhatToDo() throws IOException {
    Path bare = Files.createDirectories(temporary.resolve("bare"));
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      assertThatThrownBy(() -> store.folder("nope://host/m"))
          .isInstanceOf(ModelException.class)
          .hasMessageStartingWith("Cannot load model nope://host/m: No FileSystem for scheme")
          .hasMessageEndingWith("that Spark has a client for its scheme.");
      assertThatThrownBy(() -> store.folder(far(temporary.resolve("none"))))
          .hasMessageContaining("/none: there is no such folder. Check the path");
      assertThatThrownBy(() -> store.folder(far(bare)))
          .hasMessageContaining("it has no config.json");
      Files.createFile(bare.resolve("config.json"));
      assertThatThrownBy(() -> store.folder(far(bare)))
          .hasMessageContaining("it has no file of weights");
    }
  }

  @Test
  void aCacheThatCannotBeWrittenSaysWhyAndWhatToDo() throws IOException {
    Path model = model("m", 1000);
    Path file = Files.createFile(temporary.resolve("file"));
    StoreSettings impossible = new StoreSettings(file.toString(), 1 << 30);
    try (ModelStore store = new ModelStore(impossible, hadoop)) {
      assertThatThrownBy(() -> store.folder(far(model)))
          .isInstanceOf(ModelException.class)
          .hasMessageContaining("Cannot copy model far:%s to %s: ".formatted(model, file));
    }
  }

  @Test
  void othersOfTheHostCannotReadTheCopies() throws IOException {
    try (ModelStore store = new ModelStore(settings, hadoop)) {
      store.folder(far(model("m", 10)));
    }
    assertThat(Files.getPosixFilePermissions(temporary.resolve("cache"))).hasSize(3);
  }
}
