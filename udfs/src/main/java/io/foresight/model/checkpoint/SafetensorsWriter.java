package io.foresight.model.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Writes a {@code .safetensors} file: eight bytes of header length, a JSON header padded to eight
 * bytes, the tensors.
 */
public final class SafetensorsWriter {

  private final ObjectNode header = new ObjectMapper().createObjectNode();
  private final List<byte[]> tensors = new ArrayList<>();
  private long offset;

  /** An empty file that says it holds PyTorch's layout. */
  public SafetensorsWriter() {
    header.putObject("__metadata__").put("format", "pt");
  }

  /**
   * Adds a tensor, rounded to bf16 (to nearest, ties to even).
   *
   * @param values where the tensor's elements lie, from {@code first} on, row-major
   */
  public void bf16(String name, float[] values, int first, long... shape) {
    int count = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    ByteBuffer bytes = ByteBuffer.allocate(count * 2).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      bytes.putShort(bf16(values[first + i]));
    }
    ObjectNode entry = header.putObject(name).put("dtype", "BF16");
    for (long dimension : shape) {
      entry.withArray("shape").add(dimension);
    }
    entry.putArray("data_offsets").add(offset).add(offset + bytes.capacity());
    offset += bytes.capacity();
    tensors.add(bytes.array());
  }

  static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** Writes the file. */
  public void write(Path file) throws IOException {
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      out.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(padded.length).array());
      out.write(padded);
      for (byte[] tensor : tensors) {
        out.write(tensor);
      }
    }
  }
}
