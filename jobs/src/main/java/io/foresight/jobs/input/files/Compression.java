package io.foresight.jobs.input.files;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import net.jpountz.lz4.LZ4Exception;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.DefaultCodec;
import org.apache.hadoop.io.compress.DeflateCodec;

/**
 * How a file of text is compressed, by the end of its name. A file may have several members, one
 * after the other, as {@code cat} and parallel compressors make them; their contents are one text.
 */
public enum Compression {
  NONE(""),
  GZIP(".gz"),
  BZIP2(".bz2"),
  ZSTD(".zst"),
  LZ4(".lz4"),
  SNAPPY(".snappy"),
  DEFLATE(".deflate");

  /** Bits of the largest window that Zstandard has, as its option {@code --long=31} asks for. */
  private static final int ZSTD_WINDOW = 31;

  /** The magic numbers of LZ4 frames, and of those to skip but for the last four bits. */
  private static final int LZ4_FRAME = 0x184D2204;

  private static final int LZ4_SKIPPABLE = 0x184D2A50;

  private final String suffix;

  Compression(String suffix) {
    this.suffix = suffix;
  }

  String suffix() {
    return suffix;
  }

  public static Compression of(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    for (Compression compression : values()) {
      if (compression != NONE && lower.endsWith(compression.suffix)) {
        return compression;
      }
    }
    return NONE;
  }

  /** That bytes, all of which could be read, cannot be unpacked; the message is a reason. */
  public static final class DamagedException extends IOException {

    private static final long serialVersionUID = 1;

    DamagedException(Exception cause) {
      super(
          cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage(),
          cause);
    }
  }

  /**
   * What the compressed bytes hold. Closing it closes them too.
   *
   * @throws DamagedException here or while reading, if they cannot be unpacked, or end too soon
   */
  public InputStream open(InputStream compressed, Configuration hadoop) throws IOException {
    if (this == NONE) {
      return compressed;
    }
    try {
      return new Unpacked(unpacked(compressed, hadoop));
    } catch (IOException | RuntimeException e) {
      throw damage(e);
    }
  }

  private InputStream unpacked(InputStream source, Configuration hadoop) throws IOException {
    BufferedInputStream compressed = new BufferedInputStream(source);
    compressed.mark(1);
    if (compressed.read() < 0) {
      // Some would take it for damaged, and others not.
      return InputStream.nullInputStream();
    }
    compressed.reset();
    return switch (this) {
      case NONE -> compressed;
      case GZIP -> new GzipMembers(compressed);
      case DEFLATE -> hadoop(new DeflateCodec(), compressed, hadoop);
      // Hadoop's takes a file that is cut in the head of a block for a whole one.
      case BZIP2 -> new ByteByByte(new BZip2CompressorInputStream(compressed, true));
      // Hadoop's needs native code that few installations have.
      case ZSTD -> new ZstdInputStream(new LastByteAlone(compressed)).setLongMax(ZSTD_WINDOW);
      case LZ4 -> lz4(compressed);
      case SNAPPY -> HadoopBlocks.ofSnappy(compressed);
    };
  }

  /** As the command lz4 writes it, or as Hadoop does. */
  private static InputStream lz4(BufferedInputStream compressed) throws IOException {
    compressed.mark(4);
    byte[] magic = compressed.readNBytes(4);
    compressed.reset();
    int found = 0;
    for (int i = magic.length - 1; i >= 0; i--) {
      found = (found << 8) | (magic[i] & 0xff);
    }
    return found == LZ4_FRAME || (found & ~0xf) == LZ4_SKIPPABLE
        ? new FramedLZ4CompressorInputStream(compressed, true)
        : HadoopBlocks.ofLz4(compressed);
  }

  private static InputStream hadoop(
      DefaultCodec codec, InputStream compressed, Configuration hadoop) throws IOException {
    codec.setConf(hadoop);
    return codec.createInputStream(compressed);
  }

  /** What decompressors throw of damaged bytes; all else is an error of theirs or of ours. */
  private static IOException damage(Exception e) {
    if (e instanceof IOException
        || e instanceof LZ4Exception
        || e instanceof IndexOutOfBoundsException
        || e instanceof IllegalArgumentException) {
      return new DamagedException(e);
    }
    throw (RuntimeException) e;
  }

  /** Tells what its decompressor throws from what else may be thrown. */
  private static final class Unpacked extends FilterInputStream {

    Unpacked(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        int count = in.read(bytes, offset, length);
        // Asked again, that of LZ4 tells the end from a block that is not there.
        return count < 0 ? in.read(bytes, offset, length) : count;
      } catch (IOException | RuntimeException e) {
        throw damage(e);
      }
    }
  }

  /**
   * Members one after the other, and zeros behind the last one, which are nothing, as for the
   * command gzip. Decompressors for several members take the zeros for damage, or all that follows
   * a member for nothing.
   */
  private static final class GzipMembers extends InputStream {

    private final BufferedInputStream in;
    private GzipCompressorInputStream member;
    private IOException failure;

    GzipMembers(BufferedInputStream in) throws IOException {
      this.in = in;
      member = new GzipCompressorInputStream(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (failure != null) {
        throw failure;
      }
      while (member != null) {
        long before = member.getBytesRead();
        try {
          int count = member.read(bytes, offset, length);
          if (count >= 0) {
            return count;
          }
          member = next();
        } catch (IOException e) {
          int count = (int) (member.getBytesRead() - before);
          if (count == 0) {
            throw e;
          }
          // What it unpacked before that is there.
          failure = e;
          return count;
        }
      }
      return -1;
    }

    /** The member that follows; null if none does. */
    private GzipCompressorInputStream next() throws IOException {
      in.mark(1);
      int byteRead = in.read();
      if (byteRead > 0) {
        in.reset();
        return new GzipCompressorInputStream(in);
      }
      while (byteRead == 0) {
        byteRead = in.read();
      }
      if (byteRead > 0) {
        throw new IOException("zeros are behind a member, and then something else");
      }
      return null;
    }

    @Override
    public void close() throws IOException {
      try (in) {
        if (member != null) {
          member.close();
        }
      }
    }
  }

  /** Gives what comes before a failure, which its decompressor would lose with the failure. */
  private static final class ByteByByte extends FilterInputStream {

    private IOException failure;

    ByteByByte(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (failure != null) {
        throw failure;
      }
      int count = 0;
      try {
        int next = 0;
        while (count < length && (next = in.read()) >= 0) {
          bytes[offset + count++] = (byte) next;
        }
        return count == 0 && next < 0 ? -1 : count;
      } catch (IOException e) {
        if (count == 0) {
          throw e;
        }
        failure = e;
        return count;
      }
    }
  }

  /**
   * Gives the last byte by itself. ZstdInputStream knows that a frame has begun only by bytes that
   * it reads after the one before; one that begins and is cut in the same read would be its end.
   */
  private static final class LastByteAlone extends FilterInputStream {

    private static final int NOT_READ = -2;

    private int held = NOT_READ;

    LastByteAlone(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int next = held == NOT_READ ? in.read() : held;
      held = next < 0 ? -1 : in.read();
      return next;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      int first = held == NOT_READ ? in.read() : held;
      if (first < 0) {
        held = -1;
        return -1;
      }
      bytes[offset] = (byte) first;
      if (length == 1) {
        held = in.read();
        return 1;
      }
      int more = in.read(bytes, offset + 1, length - 1);
      if (more <= 0) {
        held = -1;
        return 1;
      }
      held = bytes[offset + more] & 0xff;
      return more;
    }
  }
}
