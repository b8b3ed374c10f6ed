package io.foresight.jobs.input.files;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.lz4.LZ4SafeDecompressor;
import org.xerial.snappy.Snappy;

/**
 * What Hadoop's codecs for Snappy and LZ4 write: blocks of a length and chunks, each of a length
 * and compressed bytes, until the chunks hold as much as the block's length says. Hadoop's own
 * reader takes a file that is cut in a block's length, a block of nothing and a failure of the
 * storage for the end, and asks for as much memory as a damaged length says. Not thread-safe.
 */
final class HadoopBlocks extends InputStream {

  /** Unpacks a chunk. */
  private interface Chunk {
    /**
     * @param most bytes that it may have
     */
    byte[] unpacked(byte[] compressed, int most) throws IOException;
  }

  private static final byte[] NONE = {};

  /** Bytes of a chunk, of which Hadoop's writers make none that are longer than their buffers. */
  private static final int LONGEST = 64 << 20;

  /** How many bytes LZ4 makes of one at most. */
  private static final int LZ4_RATIO = 255;

  private final InputStream in;
  private final Chunk format;
  private byte[] bytes = NONE;
  private int position;
  private int left;

  private HadoopBlocks(InputStream in, Chunk format) {
    this.in = in;
    this.format = format;
  }

  static HadoopBlocks ofSnappy(InputStream in) {
    return new HadoopBlocks(
        in,
        (compressed, most) -> {
          if (Snappy.uncompressedLength(compressed) > most) {
            throw new IOException("a chunk is longer than its block");
          }
          return Snappy.uncompress(compressed);
        });
  }

  static HadoopBlocks ofLz4(InputStream in) {
    LZ4SafeDecompressor lz4 = LZ4Factory.fastestInstance().safeDecompressor();
    return new HadoopBlocks(
        in,
        (compressed, most) -> {
          int room = (int) Math.min(most, (long) LZ4_RATIO * compressed.length);
          return lz4.decompress(compressed, 0, compressed.length, room);
        });
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (position == bytes.length) {
      if (!next()) {
        return -1;
      }
    }
    int count = Math.min(length, bytes.length - position);
    System.arraycopy(bytes, position, target, offset, count);
    position += count;
    return count;
  }

  private boolean next() throws IOException {
    while (left == 0) {
      byte[] length = in.readNBytes(Integer.BYTES);
      if (length.length == 0) {
        return false;
      }
      left = number(length);
    }
    int size = number(in.readNBytes(Integer.BYTES));
    if (size > LONGEST) {
      throw new IOException("a chunk would have %d bytes".formatted(size));
    }
    byte[] compressed = in.readNBytes(size);
    if (compressed.length < size) {
      throw new EOFException("it ends in a chunk");
    }
    bytes = size == 0 ? NONE : format.unpacked(compressed, left);
    if (bytes.length == 0) {
      throw new IOException("a chunk is empty");
    }
    position = 0;
    left -= bytes.length;
    return true;
  }

  private static int number(byte[] bytes) throws IOException {
    if (bytes.length < Integer.BYTES) {
      throw new EOFException("it ends in a length");
    }
    int number = ByteBuffer.wrap(bytes).getInt();
    if (number < 0) {
      throw new IOException("a length is negative: " + Arrays.toString(bytes));
    }
    return number;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
