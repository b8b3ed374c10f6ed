package io.foresight.model;

import io.foresight.model.checkpoint.Precision;
import io.foresight.model.checkpoint.Safetensors.Stored;
import io.foresight.model.checkpoint.Safetensors.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Locale;

/** Says what of a tensor is NaN or infinite, by reading it once more, element by element. */
public final class NonFinite {

  private static final int BUFFER = 1 << 20;

  private NonFinite() {}

  /** Why a tensor that was found to hold such elements is refused. */
  public static IllegalArgumentException refusal(Tensor tensor, Precision precision) {
    long count = 0;
    long first = -1;
    long index = 0;
    int bytes = tensor.stored().bits / 8;
    long left = bytes;
    for (long dimension : tensor.shape()) {
      left *= dimension;
    }
    try (FileChannel channel = FileChannel.open(tensor.file())) {
      ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
      channel.position(tensor.offset());
      while (left > 0) {
        buffer.clear().limit((int) Math.min(BUFFER, left));
        while (buffer.hasRemaining()) {
          if (channel.read(buffer) < 0) {
            throw new IOException(tensor.file() + " became shorter while it was read");
          }
        }
        left -= buffer.flip().limit();
        for (; buffer.hasRemaining(); index++) {
          if (isNonFinite(buffer, tensor.stored())) {
            first = count++ == 0 ? index : first;
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String what = "tensor %s of %s".formatted(tensor.name(), tensor.file().getFileName());
    return new IllegalArgumentException(
        count > 0
            ? "%s has %d of %d values that are NaN or infinite, the first at index %d. Copy the file again, or save the model again from weights that are finite."
                .formatted(what, count, index, first)
            : "%s has values too large for %s. Load it in another precision."
                .formatted(what, precision.name().toLowerCase(Locale.ROOT)));
  }

  /** Reads one element; all bits of its exponent are set if it is NaN or infinite. */
  private static boolean isNonFinite(ByteBuffer buffer, Stored stored) {
    int exponent = stored == Stored.F32 ? 0x7f800000 : stored == Stored.F16 ? 0x7c00 : 0x7f80;
    int bits = stored == Stored.F32 ? buffer.getInt() : buffer.getShort();
    return (bits & exponent) == exponent;
  }
}
