package io.foresight.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.jni.IValue;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.ThreadMXBean;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Sequence;
import io.foresight.model.CausalLm;
import io.foresight.model.LinearModel;
import io.foresight.model.ModelSession;
import io.foresight.model.Script;
import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What weight files are read and which are refused, in whose words. */
class SafetensorsTest {

  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String FIRST = WeightFiles.shard(1, 3);
  private static final String SECOND = WeightFiles.shard(2, 3);
  private static final String THIRD = WeightFiles.shard(3, 3);
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String NORM = "model.norm.weight";

  /** How the header describes NORM; the bytes before it are EMBEDDING's. */
  private static final String ENTRY = "\"dtype\":\"BF16\",\"shape\":[8],\"data_offsets\":[512,528]";

  private static final String NAMED_ENTRY = "\"" + NORM + "\":{" + ENTRY + "}";

  @TempDir Path folder;

  @BeforeEach
  void write() throws IOException {
    LinearModel.write(folder, 32, id -> id + 1);
  }

  static Stream<Arguments> headers() {
    String damaged = SINGLE + " is damaged: tensor " + NORM + " ";
    String no =
        " that is no list of at most 64 integers from 0 to 9223372036854775807. Copy it again.";
    return Stream.of(
        arguments(
            "\"dtype\":\"BF16\"," + ENTRY.substring(15),
            ENTRY.substring(15),
            damaged + "lacks its dtype, shape or data_offsets. Copy it again."),
        arguments(
            "[8],\"data_offsets\":[512,528]",
            "[4],\"data_offsets\":[512,528]",
            damaged + "has 16 bytes, which are not those of shape [4] in BF16. Copy it again."),
        arguments(
            "\"BF16\",\"shape\":[8],\"data_offsets\":[512,528]",
            "\"F6_E2M3\",\"shape\":[8],\"data_offsets\":[512,528]",
            damaged + "has 16 bytes, which are not those of shape [8] in F6_E2M3. Copy it again."),
        // 16 bits times this shape is 2^68 + 128: bits of 16 bytes, if it wrapped around.
        arguments(
            "[8],\"data_offsets\":[512,528]",
            "[8,2305843009213693953],\"data_offsets\":[512,528]",
            damaged
                + "has 16 bytes, which are not those of shape [8, 2305843009213693953] in BF16. Copy it again."),
        arguments(
            "[8],\"data_offsets\":[512,528]",
            "[-8],\"data_offsets\":[512,528]",
            damaged + "has a shape" + no),
        arguments(
            "[8],\"data_offsets\":[512,528]",
            "[8.0],\"data_offsets\":[512,528]",
            damaged + "has a shape" + no),
        arguments(
            "[8],\"data_offsets\":[512,528]",
            "[[8]],\"data_offsets\":[512,528]",
            damaged + "has a shape" + no),
        arguments(
            "[8],\"data_offsets\":[512,528]",
            "8,\"data_offsets\":[512,528]",
            damaged + "has a shape" + no),
        arguments(
            "[8],\"data_offsets\":[512,528]",
            "[8" + ",1".repeat(64) + "],\"data_offsets\":[512,528]",
            damaged + "has a shape" + no),
        arguments("[512,528]", "[512,9223372036854775808]", damaged + "has a data_offsets" + no),
        arguments("[512,528]", "[-16,0]", damaged + "has a data_offsets" + no),
        arguments(
            "[512,528]",
            "[528,512]",
            damaged + "has data_offsets [528, 512], no begin and end. Copy it again."),
        arguments(
            "[512,528]",
            "[512]",
            damaged + "has data_offsets [512], no begin and end. Copy it again."),
        arguments(
            "[512,528]",
            "[9223372036854775791,9223372036854775807]",
            damaged
                + "lies at 9223372036854775791 to 9223372036854775807, beyond the 1456 bytes of data that there are. Copy it again."),
        arguments(
            "[512,528]",
            "[504,520]",
            damaged
                + "overlaps tensor model.embed_tokens.weight: it begins at 504, before 512. Copy it again."),
        arguments(
            "\"" + EMBEDDING + "\":{\"dtype\":\"BF16\",\"shape\":[32,8],\"data_offsets\":[0,512]},",
            "",
            damaged + "begins at 512, leaving a hole: the header ends at 0. Copy it again."),
        arguments(
            NAMED_ENTRY + ",",
            "",
            SINGLE
                + " is damaged: tensor model.layers.0.input_layernorm.weight begins at 528, leaving a hole: tensor model.embed_tokens.weight ends at 512. Copy it again."),
        arguments(
            "\"BF16\",\"shape\":[8],\"data_offsets\":[512,528]",
            "\"F7\",\"shape\":[8],\"data_offsets\":[512,528]",
            SINGLE
                + " has tensor model.norm.weight in dtype \"F7\", which is unknown. Copy it again, or save the model in F32, F16 or BF16."),
        arguments(
            "\"BF16\",\"shape\":[8],\"data_offsets\":[512,528]",
            "16,\"shape\":[8],\"data_offsets\":[512,528]",
            SINGLE
                + " has tensor model.norm.weight in dtype \"16\", which is unknown. Copy it again, or save the model in F32, F16 or BF16."),
        arguments(
            "\"BF16\",\"shape\":[8],\"data_offsets\":[512,528]",
            "\"I16\",\"shape\":[8],\"data_offsets\":[512,528]",
            "tensor model.norm.weight of model.safetensors has dtype I16. Supported: F32, F16, BF16. Save the model in one of them."),
        arguments(
            "[8],\"data_offsets\":[512,528]",
            "[2,4],\"data_offsets\":[512,528]",
            "tensor model.norm.weight of model.safetensors has shape [2, 4], but config.json calls for [8]. Copy both from the same model."),
        arguments(
            NORM,
            "model.norm.height",
            "model.safetensors has no tensor model.norm.weight, which config.json calls for. Copy both from the same model."),
        arguments("{" + ENTRY + "}", "5", damaged + "is described by no object. Copy it again."));
  }

  static Stream<Arguments> brokenHeaders() {
    return Stream.of(
        arguments("[512,528]", "[512,528", "Unexpected close marker '}'"),
        arguments(
            NAMED_ENTRY, NAMED_ENTRY + "," + NAMED_ENTRY, "Duplicate field 'model.norm.weight'"),
        arguments(ENTRY, ENTRY + ",\"dtype\":\"F16\"", "Duplicate field 'dtype'"),
        arguments(
            "\"pt\"",
            "[".repeat(100_000) + "]".repeat(100_000),
            "Depth (65) exceeds the maximum allowed nesting depth (64)"),
        arguments("[8],\"data_offsets\":[512,528]", "[" + "8".repeat(1_001) + "]", "Number"));
  }

  @ParameterizedTest(name = "{2}")
  @MethodSource("brokenHeaders")
  void refusesAHeaderOfBrokenJson(String part, String replacement, String reason)
      throws IOException {
    edit(SINGLE, header -> replace(header, part, replacement));
    assertRefusedAsJson("the header of model.safetensors", "", reason);
  }

  @ParameterizedTest(name = "{1} for {0}")
  @MethodSource("headers")
  void refusesAHeaderIn(String part, String replacement, String reason) throws IOException {
    edit(SINGLE, header -> replace(header, part, replacement));
    assertRefused(reason);
  }

  @Test
  void refusesAHeaderThatIsNoObject() throws IOException {
    edit(SINGLE, header -> "[]");
    assertRefused("the header of model.safetensors is no JSON object. Copy it again.");
  }

  @Test
  void refusesAHeaderThatGoesOn() throws IOException {
    edit(SINGLE, header -> header.strip() + "{}");
    assertRefused("the header of model.safetensors goes on after its JSON object. Copy it again.");
  }

  /** The format orders the bytes, not the header. */
  @Test
  void readsAHeaderInAnyOrder() throws IOException {
    float[][] rows = rows(folder);
    edit(
        SINGLE,
        header -> {
          String entry = NAMED_ENTRY + ",";
          String without = header.strip().replace(entry, "");
          String changed = without.substring(0, without.length() - 1) + "," + NAMED_ENTRY + "}";
          return changed + " ".repeat((8 - changed.length() % 8) % 8);
        });
    assertThat(rows(folder)).isDeepEqualTo(rows);
  }

  @Test
  void refusesATensorThatIsNotAligned() throws IOException {
    edit(SINGLE, header -> header + " ");
    int start = 8 + WeightFiles.header(Files.readAllBytes(folder.resolve(SINGLE))).length();
    assertRefused(
        "tensor model.embed_tokens.weight of model.safetensors starts at byte "
            + start
            + ", not aligned to its element size. Save the model again with safetensors 0.4 or later.");
  }

  @Test
  void refusesAHeaderThatIsNoText() throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(SINGLE));
    bytes[12] = (byte) 0xff;
    Files.write(folder.resolve(SINGLE), bytes);
    assertRefused("the header of model.safetensors is no UTF-8 text. Copy it again.");
  }

  @ParameterizedTest
  @ValueSource(longs = {100_000_001, Long.MAX_VALUE, -1, Long.MIN_VALUE})
  void refusesAnAbsurdHeaderLength(long length) throws IOException {
    state(length);
    assertRefused(
        SINGLE
            + " states a header of "
            + Long.toUnsignedString(length)
            + " bytes, more than the 100000000 that the format allows: it is damaged or no safetensors file. Copy it again.");
  }

  @Test
  void refusesAHeaderLongerThanItsFileWithoutTakingTheMemory() throws IOException {
    state(99_999_999);
    long size = Files.size(folder.resolve(SINGLE));
    String reason =
        SINGLE
            + " is truncated: it states a header of 99999999 bytes and has "
            + size
            + " bytes in all. Copy it again.";
    assertRefused(reason);
    long before = allocated();
    assertRefused(reason);
    assertThat(allocated() - before).isLessThan(2_000_000);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7})
  void refusesAFileWithoutALength(int size) throws IOException {
    truncate(SINGLE, size);
    assertRefused(
        SINGLE + " has " + size + " bytes, too few for a safetensors file. Copy it again.");
  }

  @Test
  void refusesATruncatedFile() throws IOException {
    truncate(SINGLE, (int) Files.size(folder.resolve(SINGLE)) - 1);
    assertRefused(
        "model.safetensors is truncated: tensor model.layers.0.mlp.down_proj.weight ends at 1456, but there are 1455 bytes of data. Copy it again.");
  }

  @Test
  void refusesATruncatedShard() throws IOException {
    WeightFiles.split(folder, 3);
    truncate(SECOND, (int) Files.size(folder.resolve(SECOND)) - 130);
    assertRefused(
        SECOND
            + " is truncated: tensor model.layers.0.self_attn.k_proj.weight ends at 272, but there are 270 bytes of data. Copy it again.");
  }

  @Test
  void refusesBytesAfterTheLastTensor() throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(SINGLE));
    Files.write(folder.resolve(SINGLE), Arrays.copyOf(bytes, bytes.length + 3));
    assertRefused(
        "model.safetensors is damaged: it has 3 bytes after tensor model.layers.0.mlp.down_proj.weight, which should be its last. Copy it again.");
  }

  @Test
  void refusesAFolderWithoutWeights() throws IOException {
    Files.delete(folder.resolve(SINGLE));
    assertRefused(
        "it has neither a file model.safetensors nor model.safetensors.index.json. Save it with save_pretrained, which writes one of them.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", "generation_config.json", INDEX})
  void refusesDamagedJson(String name) throws IOException {
    WeightFiles.split(folder, 3);
    Path file = folder.resolve(name);
    Files.writeString(file, "{\n \"a\": 1,\n \"b\": }");
    assertRefusedAsJson(name, " at line 3, column ", "Unexpected character ('}'");
    Files.writeString(file, "{\"a\": 1, \"a\": 2}");
    assertRefusedAsJson(name, " at line 1, column ", "Duplicate field 'a'");
    Files.writeString(file, "{\"a\": " + "[".repeat(1_000_000));
    assertRefusedAsJson(name, "", "Depth (65) exceeds the maximum allowed nesting depth (64)");
    Files.writeString(file, "");
    assertRefused(name + " is no JSON object. Copy it again.");
    Files.writeString(file, "{\"weight_map\": {}} {}");
    assertRefused(name + " goes on after its JSON object. Copy it again.");
    Files.write(file, "{\"é\": 1}".getBytes(StandardCharsets.ISO_8859_1));
    assertRefused(name + " is no UTF-8 text. Copy it again.");
  }

  @Test
  void refusesAConfigurationOfAbsurdSize() throws IOException {
    Files.writeString(folder.resolve("config.json"), " ".repeat(10_000_001));
    assertRefused("config.json has more than 10000000 bytes. Copy it again.");
  }

  @Test
  void refusesAConfigurationThatIsNoFile() throws IOException {
    Files.delete(folder.resolve("config.json"));
    Files.createDirectory(folder.resolve("config.json"));
    assertRefused("config.json is no regular file. Copy the file that it stands for.");
  }

  static Stream<Arguments> indices() {
    return Stream.of(
        arguments(
            "{\"metadata\": {}}",
            INDEX + " has no object weight_map. Save the model again with save_pretrained."),
        arguments(
            "{\"weight_map\": \"" + FIRST + "\"}",
            INDEX + " has no object weight_map. Save the model again with save_pretrained."),
        arguments(
            "{\"weight_map\": {\"a\": [\"" + FIRST + "\"]}}",
            INDEX + " names no file for tensor a. Copy it again."),
        arguments(
            "{\"weight_map\": {\"a\": \"model-00009.safetensors\"}}",
            "shard model-00009.safetensors is missing, which "
                + INDEX
                + " names for a. Copy it into the folder."),
        arguments(
            "{\"weight_map\": {\"a\": \"" + FIRST + "\"}}",
            INDEX
                + " places tensor a in "
                + FIRST
                + ", which does not hold it. Copy index and shards from the same model."),
        arguments(
            "{\"weight_map\": {\""
                + EMBEDDING
                + "\": \""
                + SECOND
                + "\", \"a\": \""
                + FIRST
                + "\"}}",
            FIRST
                + " holds tensor model.embed_tokens.weight, which "
                + INDEX
                + " places in "
                + SECOND
                + ". Copy index and shards from the same model."),
        arguments(
            "{\"weight_map\": {\"" + EMBEDDING + "\": \"" + FIRST + "\"}}",
            INDEX
                + " has no tensor model.layers.0.input_layernorm.weight, which config.json calls for. Copy both from the same model."));
  }

  @ParameterizedTest
  @MethodSource("indices")
  void refusesAnIndexThatIs(String index, String reason) throws IOException {
    WeightFiles.split(folder, 3);
    Files.writeString(folder.resolve(INDEX), index);
    assertRefused(reason);
  }

  @Test
  void refusesAShardThatIsMissing() throws IOException {
    WeightFiles.split(folder, 3);
    Files.delete(folder.resolve(THIRD));
    assertRefused(
        "shard "
            + THIRD
            + " is missing, which "
            + INDEX
            + " names for model.layers.0.self_attn.o_proj.weight. Copy it into the folder.");
  }

  /** Even where such a file is there. */
  @ParameterizedTest
  @ValueSource(
      strings = {"../x.safetensors", "sub/x.safetensors", "/tmp", "..", ".", "", "a\\b", "a\0b"})
  void refusesAShardOutsideTheFolder(String shard) throws IOException {
    WeightFiles.split(folder, 3);
    Files.createDirectory(folder.resolve("sub"));
    Files.copy(folder.resolve(FIRST), folder.resolve("sub/x.safetensors"));
    ObjectNode index = (ObjectNode) WeightFiles.JSON.readTree(folder.resolve(INDEX).toFile());
    ((ObjectNode) index.get("weight_map")).put(EMBEDDING, shard);
    Files.writeString(folder.resolve(INDEX), index.toString());
    assertRefused(
        INDEX
            + " places tensor model.embed_tokens.weight in \""
            + shard
            + "\", which is not the name of a file in the folder. Put all shards in the folder and correct the index.");
  }

  /** As the cache of Hugging Face's hub has them. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void followsLinksOutOfTheFolder(int shards, @TempDir Path blobs) throws IOException {
    if (shards > 1) {
      WeightFiles.split(folder, shards);
    }
    List<Path> files;
    try (Stream<Path> listed = Files.list(folder)) {
      files = listed.toList();
    }
    for (Path file : files) {
      Path blob = blobs.resolve("blob" + files.indexOf(file));
      Files.move(file, blob);
      Files.createSymbolicLink(file, blob);
    }
    assertThat(Checkpoint.inspect(folder).tensors())
        .extracting(tensor -> tensor.file().getFileName().toString())
        .containsAll(shards == 1 ? List.of(SINGLE) : List.of(FIRST, SECOND, THIRD));
    Path last = folder.resolve(shards == 1 ? SINGLE : THIRD);
    Files.delete(last.toRealPath());
    assertThatThrownBy(() -> Checkpoint.inspect(folder))
        .hasMessageContaining(shards == 1 ? "neither a file model.safetensors" : "is missing");
  }

  @Test
  void prefersTheSingleFile() throws IOException {
    Files.writeString(folder.resolve(INDEX), "no index");
    assertThat(Checkpoint.inspect(folder).tensors())
        .extracting(Safetensors.Tensor::file)
        .containsOnly(folder.resolve(SINGLE));
  }

  @Test
  void digestCoversEveryFile() throws IOException {
    Set<String> digests = new HashSet<>();
    digests.add(Checkpoint.inspect(folder).digest());
    WeightFiles.split(folder, 3);
    digests.add(Checkpoint.inspect(folder).digest());
    assertThat(Checkpoint.inspect(folder).digest()).isIn(digests);
    for (String name : List.of(FIRST, SECOND, THIRD)) {
      byte[] bytes = Files.readAllBytes(folder.resolve(name));
      bytes[bytes.length - 1] ^= 1;
      Files.write(folder.resolve(name), bytes);
      digests.add(Checkpoint.inspect(folder).digest());
    }
    for (String name : List.of("config.json", INDEX)) {
      Files.writeString(folder.resolve(name), Files.readString(folder.resolve(name)) + "\n");
      digests.add(Checkpoint.inspect(folder).digest());
    }
    assertThat(digests).hasSize(7);
  }

  @Test
  void shardsSayWhatTheSingleFileSays(@TempDir Path sharded) throws IOException {
    Path fixture = Path.of("src/test/resources/parity/llama");
    for (String name : List.of("config.json", SINGLE)) {
      Files.copy(fixture.resolve(name), sharded.resolve(name));
    }
    WeightFiles.split(sharded, 3);
    assertThat(rows(sharded)).isDeepEqualTo(rows(fixture));
  }

  /** Masks and tables that old versions of transformers saved, and what quantizers add. */
  @Test
  void leavesAloneWhatTheModelDoesNotNeed() throws IOException {
    float[][] rows = rows(folder);
    long weights = Checkpoint.inspect(folder).multipliedWeights();
    byte[] bytes = Files.readAllBytes(folder.resolve(SINGLE));
    ObjectNode header = (ObjectNode) WeightFiles.JSON.readTree(WeightFiles.header(bytes));
    int end = WeightFiles.data(bytes).length;
    String layer = "model.layers.0.self_attn.";
    end = add(header, layer + "bias", "BOOL", 3, end, 1, 1, 3);
    end = add(header, layer + "rotary_emb.inv_freq", "F32", 8, end, 2);
    end = add(header, layer + "masked_bias", "I64", 8, end);
    end = add(header, layer + "scales", "F4", 3, end, 2, 3);
    end = add(header, layer + "nothing", "U8", 0, end, 0, 7);
    end = add(header, layer + "other", "F8_E4M3FNUZ", 256, end, 32, 8);
    byte[] data = Arrays.copyOf(WeightFiles.data(bytes), end);
    String json = header.toString();
    Files.write(
        folder.resolve(SINGLE),
        WeightFiles.file(json + " ".repeat((8 - json.length() % 8) % 8), data));
    assertThat(Safetensors.read(folder).tensors()).containsKeys(layer + "bias", layer + "other");
    assertThat(rows(folder)).isDeepEqualTo(rows);
    assertThat(Checkpoint.inspect(folder).multipliedWeights()).isEqualTo(weights);
  }

  private static int add(
      ObjectNode header, String name, String dtype, int bytes, int begin, int... shape) {
    ObjectNode entry = header.putObject(name).put("dtype", dtype);
    entry.putArray("shape");
    for (int dimension : shape) {
      entry.withArray("shape").add(dimension);
    }
    entry.putArray("data_offsets").add(begin).add(begin + bytes);
    return begin + bytes;
  }

  @Test
  void readCastsEachDtype() throws IOException {
    byte[] data =
        ByteBuffer.allocate(24)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putFloat(1.5f)
            .putFloat(-0x1p-140f)
            .putShort((short) 0x3c00)
            .putShort((short) 0xfbff)
            .putShort((short) 0x0001)
            .putShort((short) 0x3f80)
            .putShort((short) 0xff7f)
            .putShort((short) 0x0001)
            .putInt(0)
            .array();
    Path file = folder.resolve("three");
    Files.write(file, data);
    try (Script script = new Script(Device.cpu())) {
      assertThat(floats(script, file, Safetensors.Stored.F32, 0, 2))
          .containsExactly(1.5f, -0x1p-140f);
      assertThat(floats(script, file, Safetensors.Stored.F16, 4, 3))
          .containsExactly(1, -65504, 0x1p-24f);
      assertThat(floats(script, file, Safetensors.Stored.BF16, 7, 3))
          .containsExactly(1, -0x1.fep127f, 0x1p-133f);
    }
  }

  private static float[] floats(
      Script script, Path file, Safetensors.Stored stored, long first, long count) {
    try (IValue result =
            script.call(
                "read",
                IValue.from(file.toString()),
                IValue.from((long) stored.dtype),
                IValue.from(first),
                IValue.listFrom(count),
                IValue.from((long) Safetensors.Stored.F32.dtype),
                IValue.from("cpu"));
        NDArray array = result.toTensor(script.manager())) {
      return array.toFloatArray();
    }
  }

  private static float[][] rows(Path folder) {
    try (CausalLm model = CausalLm.load(folder, Device.cpu(), Precision.FP32);
        ModelSession session = model.newSession();
        Sequence sequence = session.open()) {
      return session
          .extend(ForwardRequest.of(sequence, new int[] {1, 5, 9, 30}, LogitsRequest.rows(0)))
          .rows();
    }
  }

  private void assertRefused(String reason) {
    assertThatThrownBy(() -> Checkpoint.inspect(folder))
        .isInstanceOf(ModelException.class)
        .hasMessage("Cannot load model " + folder + ": " + reason);
  }

  private void assertRefusedAsJson(String what, String where, String reason) {
    assertThatThrownBy(() -> Checkpoint.inspect(folder))
        .isInstanceOf(ModelException.class)
        .hasMessageStartingWith(
            "Cannot load model %s: %s is no valid JSON%s".formatted(folder, what, where))
        .hasMessageContaining(reason)
        .hasMessageEndingWith("Correct it or copy it again.")
        .hasMessageNotContaining("data_offsets");
  }

  private void edit(String name, UnaryOperator<String> change) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(name));
    Files.write(
        folder.resolve(name),
        WeightFiles.file(change.apply(WeightFiles.header(bytes)), WeightFiles.data(bytes)));
  }

  /** Keeps the data aligned. */
  private static String replace(String header, String part, String replacement) {
    assertThat(header).containsOnlyOnce(part);
    String changed = header.strip().replace(part, replacement);
    return changed + " ".repeat((8 - changed.length() % 8) % 8);
  }

  private void truncate(String name, int size) throws IOException {
    Files.write(
        folder.resolve(name), Arrays.copyOf(Files.readAllBytes(folder.resolve(name)), size));
  }

  /** Overwrites the header's length. */
  private void state(long length) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(SINGLE));
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
    Files.write(folder.resolve(SINGLE), bytes);
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
