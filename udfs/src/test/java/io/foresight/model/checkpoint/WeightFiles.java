package io.foresight.model.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Takes safetensors files apart and puts them together, without any of the checks under test. */
public final class WeightFiles {

  public static final ObjectMapper JSON = new ObjectMapper();

  private WeightFiles() {}

  public static String header(byte[] file) {
    return new String(file, 8, headerLength(file), StandardCharsets.UTF_8);
  }

  public static byte[] data(byte[] file) {
    return Arrays.copyOfRange(file, 8 + headerLength(file), file.length);
  }

  public static byte[] file(String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data)
        .array();
  }

  private static int headerLength(byte[] file) {
    return (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
  }

  static String shard(int number, int shards) {
    return "model-%05d-of-%05d.safetensors".formatted(number, shards);
  }

  /** Splits a folder's model.safetensors as save_pretrained does; the other files stay. */
  public static void split(Path folder, int shards) throws IOException {
    byte[] whole = Files.readAllBytes(folder.resolve("model.safetensors"));
    byte[] data = data(whole);
    JsonNode header = JSON.readTree(header(whole));
    List<String> names = new ArrayList<>();
    header.fieldNames().forEachRemaining(names::add);
    names.remove("__metadata__");
    ObjectNode index = JSON.createObjectNode();
    index.putObject("metadata").put("total_size", data.length);
    ObjectNode map = index.putObject("weight_map");
    for (int shard = 1; shard <= shards; shard++) {
      ObjectNode part = JSON.createObjectNode();
      part.putObject("__metadata__").put("format", "pt");
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      for (int i = names.size() * (shard - 1) / shards; i < names.size() * shard / shards; i++) {
        ObjectNode entry = header.get(names.get(i)).deepCopy();
        JsonNode offsets = header.get(names.get(i)).get("data_offsets");
        entry.putArray("data_offsets").add(bytes.size());
        bytes.write(Arrays.copyOfRange(data, offsets.get(0).intValue(), offsets.get(1).intValue()));
        entry.withArray("data_offsets").add(bytes.size());
        part.set(names.get(i), entry);
        map.put(names.get(i), shard(shard, shards));
      }
      String json = part.toString();
      String padded = json + " ".repeat((8 - json.length() % 8) % 8);
      Files.write(folder.resolve(shard(shard, shards)), file(padded, bytes.toByteArray()));
    }
    Files.writeString(folder.resolve("model.safetensors.index.json"), index.toPrettyString());
    Files.delete(folder.resolve("model.safetensors"));
  }
}
