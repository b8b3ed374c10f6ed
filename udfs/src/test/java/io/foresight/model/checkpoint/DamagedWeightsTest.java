package io.foresight.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.jni.IValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.ThreadMXBean;
import io.foresight.model.LinearModel;
import io.foresight.model.Script;
import io.foresight.model.checkpoint.Safetensors.Tensor;
import io.foresight.model.text.ModelException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages checkpoints at random, which must end in a refusal with a message or in tensors that are
 * exactly the bytes where a plain reading of the format finds them.
 */
class DamagedWeightsTest {

  private static final int CASES = 1_000;

  /** Bytes that an inspection of these small checkpoints may take, however damaged they are. */
  private static final long MOST_MEMORY = 16 << 20;

  private enum Damage {
    FLIP,
    FLIP_IN_HEADER,
    FLIP_IN_DATA,
    TRUNCATE,
    INSERT,
    DELETE,
    LENGTH,
    ENTRY,
    INDEX,
    FILES
  }

  @TempDir Path temp;

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void isRefusedOrReadExactly() throws IOException {
    List<Map<String, byte[]>> checkpoints = checkpoints();
    Map<Damage, int[]> outcomes = new EnumMap<>(Damage.class);
    try (Script script = new Script(Device.cpu())) {
      for (int i = 0; i < CASES; i++) {
        Random random = new Random(i);
        Map<String, byte[]> files = new TreeMap<>(checkpoints.get(i % checkpoints.size()));
        Damage damage = Damage.values()[random.nextInt(Damage.values().length)];
        damage(damage, files, random);
        Path folder = Files.createDirectory(temp.resolve("case" + i));
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
          Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        boolean loads = loads(script, folder, "case " + i + ", " + damage);
        outcomes.computeIfAbsent(damage, d -> new int[2])[loads ? 1 : 0]++;
        for (String file : files.keySet()) {
          Files.delete(folder.resolve(file));
        }
      }
    }
    assertThat(outcomes).containsOnlyKeys(Damage.values());
    outcomes.forEach(
        (damage, n) -> {
          boolean always = damage == Damage.TRUNCATE || damage == Damage.LENGTH;
          boolean never = damage == Damage.FLIP_IN_DATA;
          assertThat(n[0] == 0).as("%s is never refused", damage).isEqualTo(never);
          assertThat(n[1] == 0).as("%s is always refused", damage).isEqualTo(always);
        });
    assertThat(outcomes.values().stream().mapToInt(n -> n[1]).sum()).isGreaterThan(CASES / 5);
  }

  private static boolean loads(Script script, Path folder, String what) throws IOException {
    Checkpoint checkpoint;
    long before = allocated();
    try {
      checkpoint = Checkpoint.inspect(folder);
    } catch (ModelException e) {
      assertThat(e)
          .as(what)
          .hasMessageMatching("(?s)Cannot load model \\Q" + folder + "\\E: .+\\.");
      return false;
    } finally {
      assertThat(allocated() - before).as(what).isLessThan(MOST_MEMORY);
    }
    for (Tensor tensor : checkpoint.tensors()) {
      assertThat(read(script, tensor)).as(what).isEqualTo(bytes(folder, tensor.name()));
    }
    return true;
  }

  private static byte[] read(Script script, Tensor tensor) {
    long dtype = tensor.stored().dtype;
    try (IValue result =
            script.call(
                "read",
                IValue.from(tensor.file().toString()),
                IValue.from(dtype),
                IValue.from(tensor.first()),
                IValue.listFrom(tensor.shape()),
                IValue.from(dtype),
                IValue.from("cpu"));
        NDArray array = result.toTensor(script.manager())) {
      assertThat(array.getShape().getShape()).isEqualTo(tensor.shape());
      ByteBuffer buffer = array.toByteBuffer();
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      return bytes;
    }
  }

  /** What a tensor is, by the format's description and nothing else. */
  private static byte[] bytes(Path folder, String name) throws IOException {
    Path file = folder.resolve("model.safetensors");
    if (!Files.exists(file)) {
      JsonNode index =
          WeightFiles.JSON.readTree(folder.resolve("model.safetensors.index.json").toFile());
      file = folder.resolve(index.get("weight_map").get(name).textValue());
    }
    byte[] bytes = Files.readAllBytes(file);
    JsonNode entry = WeightFiles.JSON.readTree(WeightFiles.header(bytes)).get(name);
    BigInteger count = BigInteger.valueOf(entry.get("dtype").textValue().equals("F32") ? 4 : 2);
    for (JsonNode dimension : entry.get("shape")) {
      count = count.multiply(dimension.bigIntegerValue());
    }
    JsonNode offsets = entry.get("data_offsets");
    byte[] found =
        Arrays.copyOfRange(
            WeightFiles.data(bytes), offsets.get(0).intValue(), offsets.get(1).intValue());
    assertThat(count.intValueExact()).isEqualTo(found.length);
    return found;
  }

  /** The files of small checkpoints: in one file, in shards, and in one whose header is most. */
  private List<Map<String, byte[]>> checkpoints() throws IOException {
    Path fixture = Path.of("src/test/resources/parity/llama3-rope");
    List<Map<String, byte[]>> checkpoints = new ArrayList<>();
    for (int shards : new int[] {0, 3, 2}) {
      Path folder = Files.createDirectory(temp.resolve("whole" + shards));
      for (String name : List.of("config.json", "generation_config.json", "model.safetensors")) {
        Files.copy(fixture.resolve(name), folder.resolve(name));
      }
      if (shards > 0) {
        WeightFiles.split(folder, shards);
      }
      checkpoints.add(files(folder));
    }
    Path folder = Files.createDirectory(temp.resolve("linear"));
    LinearModel.write(folder, 32, id -> id + 1);
    checkpoints.add(files(folder));
    return checkpoints;
  }

  private static Map<String, byte[]> files(Path folder) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> listed = Files.list(folder)) {
      for (Path file : listed.toList()) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  private static void damage(Damage damage, Map<String, byte[]> files, Random random)
      throws IOException {
    List<String> names = new ArrayList<>(files.keySet());
    List<String> weights = names.stream().filter(n -> n.endsWith(".safetensors")).toList();
    // JSON files are much smaller than weights: each file is as likely.
    String any = names.get(random.nextInt(names.size()));
    String weight = weights.get(random.nextInt(weights.size()));
    byte[] file = files.get(weight);
    int start = 8 + WeightFiles.header(file).length();
    byte[] bytes = files.get(any);
    int at = random.nextInt(bytes.length);
    switch (damage) {
      case FLIP -> files.put(any, flip(bytes, at, random));
      case FLIP_IN_HEADER -> files.put(weight, flip(file, random.nextInt(start), random));
      // Damages no format.
      case FLIP_IN_DATA ->
          files.put(weight, flip(file, start + random.nextInt(file.length - start), random));
      case TRUNCATE -> files.put(weight, Arrays.copyOf(file, random.nextInt(file.length)));
      case INSERT -> {
        byte[] more = new byte[1 + random.nextInt(16)];
        random.nextBytes(more);
        files.put(any, splice(bytes, at, at, more));
      }
      case DELETE ->
          files.put(
              any,
              splice(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(16)), new byte[0]));
      case LENGTH -> {
        long length = start - 8L;
        long[] wrong = {
          length - 1 - random.nextInt(16),
          length + 1 + random.nextInt(16),
          random.nextLong(),
          random.nextInt(),
          random.nextInt(100_000_000),
          file.length - 8
        };
        byte[] changed = file.clone();
        ByteBuffer.wrap(changed)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(0, wrong[random.nextInt(wrong.length)]);
        files.put(weight, changed);
      }
      case ENTRY -> files.put(weight, entry(file, random));
      case INDEX -> index(files, weights, random);
      case FILES -> {
        // Takes another's place or goes missing.
        byte[] moved = files.remove(any);
        if (random.nextBoolean()) {
          String place = names.get(random.nextInt(names.size()));
          byte[] there = files.put(place, moved);
          if (there != null) {
            files.put(any, there);
          }
        }
      }
    }
  }

  private static byte[] flip(byte[] bytes, int at, Random random) {
    byte[] flipped = bytes.clone();
    flipped[at] =
        (byte) (random.nextBoolean() ? random.nextInt() : flipped[at] ^ 1 << random.nextInt(8));
    return flipped;
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] between) {
    return ByteBuffer.allocate(bytes.length - (to - from) + between.length)
        .put(bytes, 0, from)
        .put(between)
        .put(bytes, to, bytes.length - to)
        .array();
  }

  /** Changes one tensor of a header that stays well-formed. */
  private static byte[] entry(byte[] file, Random random) throws IOException {
    ObjectNode header = (ObjectNode) WeightFiles.JSON.readTree(WeightFiles.header(file));
    List<String> names = new ArrayList<>();
    header.fieldNames().forEachRemaining(names::add);
    names.remove("__metadata__");
    String name = names.get(random.nextInt(names.size()));
    String other = names.get(random.nextInt(names.size()));
    ObjectNode entry = (ObjectNode) header.get(name);
    ArrayNode shape = (ArrayNode) entry.get("shape");
    ArrayNode offsets = (ArrayNode) entry.get("data_offsets");
    long[] numbers = {-1, 0, 1, 7, 1L << 31, 1L << 61, Long.MAX_VALUE, random.nextLong()};
    long number = numbers[random.nextInt(numbers.length)];
    String[] dtypes = {"F16", "BF16", "F32", "F64", "U8", "F4", "F8_E4M3", "I64", "f32", ""};
    switch (random.nextInt(10)) {
      case 0 -> entry.put("dtype", dtypes[random.nextInt(dtypes.length)]);
      case 1 -> shape.set(random.nextInt(shape.size()), number);
      case 2 -> shape.insert(random.nextInt(shape.size() + 1), number);
      case 3 -> offsets.set(random.nextInt(2), number);
      case 4 -> {
        int shift = random.nextInt(65) - 32;
        offsets.set(0, offsets.get(0).intValue() + shift);
        offsets.set(1, offsets.get(1).intValue() + shift);
      }
      case 5 -> header.remove(name);
      case 6 -> header.set(name, header.get(other));
      case 7 -> {
        // Two tensors change places, which is no damage if they are of one shape.
        header.set(name, header.get(other));
        header.set(other, entry);
      }
      case 8 -> header.set("more" + number, entry.deepCopy());
      default -> {
        // An old mask behind the rest, which is no damage at all.
        int end = WeightFiles.data(file).length;
        ObjectNode mask = header.putObject("mask").put("dtype", "BOOL");
        mask.putArray("shape").add(3);
        mask.putArray("data_offsets").add(end).add(end + 3);
        file = Arrays.copyOf(file, file.length + 3);
      }
    }
    String json = header.toString();
    int padding = random.nextInt(4) == 0 ? random.nextInt(8) : (8 - json.length() % 8) % 8;
    return WeightFiles.file(json + " ".repeat(padding), WeightFiles.data(file));
  }

  /** Changes an index, or puts one beside the single file. */
  private static void index(Map<String, byte[]> files, List<String> weights, Random random)
      throws IOException {
    String index = "model.safetensors.index.json";
    ObjectNode json =
        files.containsKey(index)
            ? (ObjectNode) WeightFiles.JSON.readTree(files.get(index))
            : WeightFiles.JSON.createObjectNode();
    ObjectNode map = json.withObject("/weight_map");
    List<String> names = new ArrayList<>(List.of("some.weight"));
    map.fieldNames().forEachRemaining(names::add);
    String name = names.get(random.nextInt(names.size()));
    String shard = weights.get(random.nextInt(weights.size()));
    String[] places = {shard, "../" + shard, "config.json", "model-00007-of-00003.safetensors", ""};
    switch (random.nextInt(4)) {
      case 0 -> map.put(name, places[random.nextInt(places.length)]);
      case 1 -> map.remove(name);
      case 2 -> map.putArray(name).add(shard);
      default -> json.put("metadata", random.nextLong());
    }
    files.put(index, json.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }
}
