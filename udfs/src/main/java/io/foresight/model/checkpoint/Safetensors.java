package io.foresight.model.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Where the weights of a model folder lie: in {@code model.safetensors}, or in the shards that
 * {@code model.safetensors.index.json} names; the single file wins, as in transformers. Only
 * headers are read. They are held to all that the format demands, so that what is loaded from the
 * places given here lies in the file and is no other tensor's. Immutable.
 */
public final class Safetensors {

  /**
   * One tensor.
   *
   * @param offset of its bytes, from the file's start
   */
  public record Tensor(String name, Path file, Stored stored, long[] shape, long offset) {

    /** Its place counted in elements of its own dtype, of which it must have a whole number. */
    public long first() {
      return offset / (stored.bits / 8);
    }

    /** Elements of it. */
    public long elements() {
      return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }
  }

  /**
   * The format's dtypes, with the bits of an element and PyTorch's number if they can be loaded.
   */
  public enum Stored {
    F32(32, 6),
    F16(16, 5),
    BF16(16, 15),
    F64(64),
    C64(64),
    I64(64),
    U64(64),
    I32(32),
    U32(32),
    I16(16),
    U16(16),
    I8(8),
    U8(8),
    BOOL(8),
    F8_E4M3(8),
    F8_E5M2(8),
    F8_E8M0(8),
    F8_E4M3FNUZ(8),
    F8_E5M2FNUZ(8),
    F6_E2M3(6),
    F6_E3M2(6),
    F4(4);

    public final int bits;
    public final int dtype;

    Stored(int bits, int dtype) {
      this.bits = bits;
      this.dtype = dtype;
    }

    Stored(int bits) {
      this(bits, -1);
    }
  }

  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  /** Most bytes of a header in the format's own library, and here of an index too. */
  private static final int MOST_HEADER = 100_000_000;

  /** More than any model's tensors have; a header of nothing but dimensions takes no memory. */
  private static final int MOST_DIMENSIONS = 64;

  private final List<Path> files;
  private final Map<String, Tensor> tensors;

  private Safetensors(List<Path> files, Map<String, Tensor> tensors) {
    this.files = List.copyOf(files);
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Reads a folder's headers, or throws an IllegalArgumentException whose message is what is wrong
   * with them.
   */
  static Safetensors read(Path folder) throws IOException {
    Path single = folder.resolve(SINGLE);
    if (Files.isRegularFile(single)) {
      return new Safetensors(List.of(single), header(single));
    }
    Path index = folder.resolve(INDEX);
    if (Files.isRegularFile(index)) {
      return shards(folder, index);
    }
    throw new IllegalArgumentException(
        "it has neither a file %s nor %s. Save it with save_pretrained, which writes one of them."
            .formatted(SINGLE, INDEX));
  }

  /** Whether a folder has no weights of this format. */
  static boolean isMissing(Path folder) {
    return !Files.isRegularFile(folder.resolve(SINGLE))
        && !Files.isRegularFile(folder.resolve(INDEX));
  }

  /** All tensors by their names, file by file, in the order of their places. */
  Map<String, Tensor> tensors() {
    return tensors;
  }

  /** The files that say what the weights are: the single one, or the index and its shards. */
  List<Path> files() {
    return files;
  }

  /**
   * A tensor that is to be loaded, or an IllegalArgumentException whose message says why it cannot
   * be. Others may have any dtype and place: old checkpoints hold masks and tables besides weights.
   */
  Tensor expect(String name, long... shape) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "%s has no tensor %s, which config.json calls for. Copy both from the same model."
              .formatted(files.get(0).getFileName(), name));
    }
    String what = "tensor " + name + " of " + tensor.file().getFileName();
    if (!Arrays.equals(tensor.shape(), shape)) {
      throw new IllegalArgumentException(
          "%s has shape %s, but config.json calls for %s. Copy both from the same model."
              .formatted(what, Arrays.toString(tensor.shape()), Arrays.toString(shape)));
    }
    if (tensor.stored().dtype < 0) {
      throw new IllegalArgumentException(
          "%s has dtype %s. Supported: F32, F16, BF16. Save the model in one of them."
              .formatted(what, tensor.stored()));
    }
    if (tensor.offset() % (tensor.stored().bits / 8) != 0) {
      throw new IllegalArgumentException(
          "%s starts at byte %d, not aligned to its element size. Save the model again with safetensors 0.4 or later."
              .formatted(what, tensor.offset()));
    }
    return tensor;
  }

  private static Safetensors shards(Path folder, Path index) throws IOException {
    Map<String, String> places =
        StrictJson.read(INDEX, StrictJson.bytes(index, MOST_HEADER), Safetensors::weightMap);
    List<Path> files = new ArrayList<>(List.of(index));
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String shard : new TreeSet<>(places.values())) {
      Path file = folder.resolve(shard);
      if (!Files.isRegularFile(file)) {
        throw new IllegalArgumentException(
            "shard %s is missing, which %s names for %s. Copy it into the folder."
                .formatted(shard, INDEX, anyOf(places, shard)));
      }
      files.add(file);
      header(file)
          .forEach(
              (name, tensor) -> {
                String place = places.get(name);
                if (shard.equals(place)) {
                  tensors.put(name, tensor);
                } else if (place != null) {
                  throw new IllegalArgumentException(
                      "%s holds tensor %s, which %s places in %s. Copy index and shards from the same model."
                          .formatted(shard, name, INDEX, place));
                }
              });
    }
    places.forEach(
        (name, shard) -> {
          if (!tensors.containsKey(name)) {
            throw new IllegalArgumentException(
                "%s places tensor %s in %s, which does not hold it. Copy index and shards from the same model."
                    .formatted(INDEX, name, shard));
          }
        });
    return new Safetensors(files, tensors);
  }

  private static String anyOf(Map<String, String> places, String shard) {
    return places.entrySet().stream()
        .filter(place -> place.getValue().equals(shard))
        .findFirst()
        .orElseThrow()
        .getKey();
  }

  /** The shard of each tensor. */
  private static Map<String, String> weightMap(JsonParser parser) throws IOException {
    Map<String, String> places = null;
    for (String key; (key = parser.nextFieldName()) != null; ) {
      JsonToken value = parser.nextToken();
      if (!key.equals("weight_map")) {
        parser.skipChildren();
      } else if (value != JsonToken.START_OBJECT) {
        break;
      } else {
        places = new LinkedHashMap<>();
        for (String name; (name = parser.nextFieldName()) != null; ) {
          if (parser.nextToken() != JsonToken.VALUE_STRING) {
            throw new IllegalArgumentException(
                "%s names no file for tensor %s. Copy it again.".formatted(INDEX, name));
          }
          places.put(name, plain(name, parser.getText()));
        }
      }
    }
    if (places == null) {
      throw new IllegalArgumentException(
          INDEX + " has no object weight_map. Save the model again with save_pretrained.");
    }
    return places;
  }

  /** Refuses what is not the plain name of a file in the folder; that file may be a link. */
  private static String plain(String tensor, String shard) {
    if (shard.isEmpty()
        || shard.equals(".")
        || shard.equals("..")
        || shard.chars().anyMatch(c -> c == '/' || c == '\\' || c == 0)) {
      throw new IllegalArgumentException(
          "%s places tensor %s in \"%s\", which is not the name of a file in the folder. Put all shards in the folder and correct the index."
              .formatted(INDEX, tensor, shard));
    }
    return shard;
  }

  private static Map<String, Tensor> header(Path file) throws IOException {
    String name = file.getFileName().toString();
    long size = Files.size(file);
    byte[] json;
    try (InputStream in = Files.newInputStream(file)) {
      byte[] prefix = in.readNBytes(Long.BYTES);
      if (prefix.length < Long.BYTES) {
        throw new IllegalArgumentException(
            "%s has %d bytes, too few for a safetensors file. Copy it again."
                .formatted(name, prefix.length));
      }
      long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (length < 0 || length > MOST_HEADER) {
        throw new IllegalArgumentException(
            "%s states a header of %s bytes, more than the %d that the format allows: it is damaged or no safetensors file. Copy it again."
                .formatted(name, Long.toUnsignedString(length), MOST_HEADER));
      }
      // Takes memory as the bytes come, so that a wrong length costs no more than the file's size.
      json = in.readNBytes((int) length);
      if (json.length < length) {
        throw new IllegalArgumentException(
            "%s is truncated: it states a header of %d bytes and has %d bytes in all. Copy it again."
                .formatted(name, length, size));
      }
    }
    long start = (long) Long.BYTES + json.length;
    List<Extent> extents =
        StrictJson.read("the header of " + name, json, parser -> extents(name, parser));
    extents.sort(Comparator.comparingLong(Extent::begin).thenComparingLong(Extent::end));
    checkPlaces(name, extents, size - start);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Extent e : extents) {
      tensors.put(e.name, new Tensor(e.name, file, e.stored, e.shape, start + e.begin));
    }
    return tensors;
  }

  /** A tensor as the header has it, with places counted from the header's end. */
  private record Extent(String name, Stored stored, long[] shape, long begin, long end) {}

  private static List<Extent> extents(String file, JsonParser parser) throws IOException {
    List<Extent> extents = new ArrayList<>();
    for (String name; (name = parser.nextFieldName()) != null; ) {
      JsonToken value = parser.nextToken();
      if (name.equals("__metadata__")) {
        parser.skipChildren();
      } else if (value == JsonToken.START_OBJECT) {
        extents.add(extent(file, name, parser));
      } else {
        throw damaged(file, name, "is described by no object");
      }
    }
    return extents;
  }

  private static Extent extent(String file, String name, JsonParser parser) throws IOException {
    Map<String, long[]> numbers = new HashMap<>();
    Stored stored = null;
    for (String key; (key = parser.nextFieldName()) != null; ) {
      JsonToken value = parser.nextToken();
      if (key.equals("dtype")) {
        stored = stored(file, name, parser.getText());
      } else if (key.equals("shape") || key.equals("data_offsets")) {
        numbers.put(key, numbers(file, name, key, value, parser));
      } else {
        parser.skipChildren();
      }
    }
    long[] shape = numbers.get("shape");
    long[] offsets = numbers.get("data_offsets");
    if (stored == null || shape == null || offsets == null) {
      throw damaged(file, name, "lacks its dtype, shape or data_offsets");
    }
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw damaged(
          file, name, "has data_offsets " + Arrays.toString(offsets) + ", no begin and end");
    }
    if (!holds(offsets[1] - offsets[0], shape, stored)) {
      throw damaged(
          file,
          name,
          "has %d bytes, which are not those of shape %s in %s"
              .formatted(offsets[1] - offsets[0], Arrays.toString(shape), stored));
    }
    return new Extent(name, stored, shape, offsets[0], offsets[1]);
  }

  private static Stored stored(String file, String name, String dtype) {
    try {
      return Stored.valueOf(dtype);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "%s has tensor %s in dtype \"%s\", which is unknown. Copy it again, or save the model in F32, F16 or BF16."
              .formatted(file, name, dtype),
          e);
    }
  }

  private static long[] numbers(
      String file, String name, String key, JsonToken value, JsonParser parser) throws IOException {
    long[] numbers = new long[MOST_DIMENSIONS];
    int count = 0;
    boolean whole = value == JsonToken.START_ARRAY;
    while (whole && parser.nextToken() != JsonToken.END_ARRAY) {
      whole =
          count < numbers.length
              && parser.currentToken() == JsonToken.VALUE_NUMBER_INT
              && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
              && parser.getLongValue() >= 0;
      if (whole) {
        numbers[count++] = parser.getLongValue();
      }
    }
    if (!whole) {
      throw damaged(
          file,
          name,
          "has a %s that is no list of at most %d integers from 0 to %d"
              .formatted(key, numbers.length, Long.MAX_VALUE));
    }
    return Arrays.copyOf(numbers, count);
  }

  private static boolean holds(long bytes, long[] shape, Stored stored) {
    try {
      long bits = stored.bits;
      for (long dimension : shape) {
        bits = Math.multiplyExact(bits, dimension);
      }
      return bits == Math.multiplyExact(bytes, 8L);
    } catch (ArithmeticException e) {
      // More than any file has.
      return false;
    }
  }

  /** The tensors must follow each other without gap from the first byte to the last. */
  private static void checkPlaces(String file, List<Extent> extents, long size) {
    long end = 0;
    String before = "the header";
    for (Extent extent : extents) {
      if (extent.begin < end) {
        throw damaged(
            file,
            extent.name,
            "overlaps %s: it begins at %d, before %d".formatted(before, extent.begin, end));
      }
      Extent last = extents.get(extents.size() - 1);
      if (extent.begin > end && last.end > size) {
        throw damaged(
            file,
            last.name,
            "lies at %d to %d, beyond the %d bytes of data that there are"
                .formatted(last.begin, last.end, size));
      }
      if (extent.begin > end) {
        throw damaged(
            file,
            extent.name,
            "begins at %d, leaving a hole: %s ends at %d".formatted(extent.begin, before, end));
      }
      if (extent.end > size) {
        throw new IllegalArgumentException(
            "%s is truncated: tensor %s ends at %d, but there are %d bytes of data. Copy it again."
                .formatted(file, extent.name, extent.end, size));
      }
      end = extent.end;
      before = "tensor " + extent.name;
    }
    if (end < size) {
      throw new IllegalArgumentException(
          "%s is damaged: it has %d bytes after %s, which should be its last. Copy it again."
              .formatted(file, size - end, before));
    }
  }

  private static IllegalArgumentException damaged(String file, String tensor, String how) {
    return new IllegalArgumentException(
        "%s is damaged: tensor %s %s. Copy it again.".formatted(file, tensor, how));
  }
}
