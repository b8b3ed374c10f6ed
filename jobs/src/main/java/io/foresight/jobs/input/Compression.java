package io.foresight.jobs.input;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import net.jpountz.lz4.LZ4FrameInputStream;
import org.apache.hadoop.conf.Configurable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.DeflateCodec;
import org.apache.hadoop.io.compress.Lz4Codec;
import org.apache.hadoop.io.compress.SnappyCodec;

/** How a file of text is compressed, by the end of its name. */
enum Compression {
  NONE(""),
  GZIP(".gz"),
  BZIP2(".bz2"),
  ZSTD(".zst"),
  LZ4(".lz4"),
  SNAPPY(".snappy"),
  DEFLATE(".deflate");

  private static final int LZ4_FRAME = 0x184D2204;

  private final String suffix;

  Compression(String suffix) {
    this.suffix = suffix;
  }

  String suffix() {
    return suffix;
  }

  static Compression of(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    for (Compression compression : values()) {
      if (compression != NONE && lower.endsWith(compression.suffix)) {
        return compression;
      }
    }
    return NONE;
  }

  /** What the compressed bytes hold. */
  InputStream open(InputStream compressed, Configuration hadoop) throws IOException {
    return switch (this) {
      case NONE -> compressed;
      case GZIP -> new GZIPInputStream(compressed, 1 << 16);
      // Hadoop's own codec for it needs native code that few installations have.
      case ZSTD -> new ZstdInputStream(compressed);
      case BZIP2 -> hadoop(new BZip2Codec(), compressed, hadoop);
      case LZ4 -> lz4(new BufferedInputStream(compressed), hadoop);
      case SNAPPY -> hadoop(new SnappyCodec(), compressed, hadoop);
      case DEFLATE -> hadoop(new DeflateCodec(), compressed, hadoop);
    };
  }

  /** As the command lz4 writes it, or as Hadoop does. */
  private static InputStream lz4(BufferedInputStream compressed, Configuration hadoop)
      throws IOException {
    compressed.mark(4);
    byte[] magic = compressed.readNBytes(4);
    compressed.reset();
    int found = 0;
    for (int i = magic.length - 1; i >= 0; i--) {
      found = (found << 8) | (magic[i] & 0xff);
    }
    return magic.length == 0 || found == LZ4_FRAME
        ? new LZ4FrameInputStream(compressed)
        : hadoop(new Lz4Codec(), compressed, hadoop);
  }

  private static <C extends CompressionCodec & Configurable> InputStream hadoop(
      C codec, InputStream compressed, Configuration hadoop) throws IOException {
    codec.setConf(hadoop);
    return codec.createInputStream(compressed);
  }
}
