package io.foresight.store;

import io.foresight.model.text.ModelException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies a remote model into an entry of {@link ModelStore}, or goes on where a copy ended. Whoever
 * copies has the entry's lock.
 *
 * @param hadoop how remote file systems are reached, and by whose credentials
 */
record ModelCopy(Configuration hadoop) {

  /** Makes room for a model. */
  @FunctionalInterface
  interface Room {
    void make() throws IOException;
  }

  private static final Logger LOG = LoggerFactory.getLogger(ModelCopy.class);

  /** Between two points, in bytes, from which a copy can go on even if the machine went down. */
  private static final long STEP = 8L << 20;

  private static final int BUFFER = 1 << 20;

  /**
   * Copies all files, checks them, and gives the entry its name.
   *
   * @param room asked once the model was found unchanged
   * @throws ModelException if its files have changed since it was listed
   */
  void into(RemoteModel model, Path entry, Room room) throws IOException {
    Path part = StoreEntry.beside(entry, ".part");
    requireUnchanged(model, part);
    room.make();
    long started = System.nanoTime();
    org.apache.hadoop.fs.Path source = new org.apache.hadoop.fs.Path(model.uri());
    FileSystem files = source.getFileSystem(hadoop);
    Map<String, String> sha256 = new HashMap<>();
    for (RemoteModel.RemoteFile file : model.files()) {
      sha256.put(
          file.name(), copy(files, new org.apache.hadoop.fs.Path(source, file.name()), file, part));
    }
    requireUnchanged(model, part);
    for (RemoteModel.RemoteFile file : model.files()) {
      Path copied = part.resolve(file.name());
      if (!digest(copied, file.length()).equals(sha256.get(file.name()))) {
        StoreEntry.delete(part);
        throw new IOException(copied + " holds something else than was written to it");
      }
      Files.deleteIfExists(part.resolve(file.name() + ".durable"));
    }
    StoreEntry.Manifest planned = StoreEntry.Manifest.planned(model);
    StoreEntry.write(part, new StoreEntry.Manifest(planned.source(), planned.lengths(), sha256));
    StoreEntry.delete(entry);
    Files.move(part, entry, StandardCopyOption.ATOMIC_MOVE);
    StoreEntry.force(entry.getParent());
    LOG.info(
        "Copied model {}: {} bytes in {} s to {}",
        model.uri(),
        model.bytes(),
        (System.nanoTime() - started) / 1_000_000_000,
        entry);
  }

  private void requireUnchanged(RemoteModel model, Path part) throws IOException {
    if (!RemoteModel.list(model.uri(), hadoop).key().equals(model.key())) {
      StoreEntry.delete(part);
      throw new ModelException(
          "Cannot copy model %s: its files have changed since the run looked at them. Start again when they are written."
              .formatted(model.uri()));
    }
  }

  /** Copies a file, or the rest of it, and returns the SHA-256 of all that was sent. */
  private static String copy(
      FileSystem files, org.apache.hadoop.fs.Path source, RemoteModel.RemoteFile file, Path part)
      throws IOException {
    MessageDigest digest = newDigest();
    try (FileChannel out =
            FileChannel.open(
                part.resolve(file.name()),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        FileChannel durable =
            FileChannel.open(
                part.resolve(file.name() + ".durable"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      long done = Math.min(out.size(), durableLength(durable));
      out.truncate(done);
      update(digest, out, done);
      if (done > 0) {
        LOG.info("Going on with {} from byte {}", source, done);
      }
      if (done < file.length()) {
        try (FSDataInputStream in = files.open(source)) {
          in.seek(done);
          receive(in, file, done, out, durable, digest);
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void receive(
      FSDataInputStream in,
      RemoteModel.RemoteFile file,
      long from,
      FileChannel out,
      FileChannel durable,
      MessageDigest digest)
      throws IOException {
    byte[] buffer = new byte[BUFFER];
    long done = from;
    long marked = from;
    out.position(from);
    try {
      while (done < file.length()) {
        int read = in.read(buffer, 0, (int) Math.min(buffer.length, file.length() - done));
        if (read < 0) {
          throw new EOFException(
              "%s ends after %d of %d bytes".formatted(file.name(), done, file.length()));
        }
        digest.update(buffer, 0, read);
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read);
        while (bytes.hasRemaining()) {
          done += out.write(bytes);
        }
        if (done - marked >= STEP) {
          mark(out, durable, done);
          marked = done;
        }
      }
    } finally {
      // An interrupt closes channels.
      if (out.isOpen() && durable.isOpen()) {
        mark(out, durable, done);
      }
    }
  }

  /** Notes how much of a file the disk has for certain. */
  private static void mark(FileChannel out, FileChannel durable, long length) throws IOException {
    out.force(true);
    durable.write(ByteBuffer.allocate(Long.BYTES).putLong(0, length), 0);
    durable.force(true);
  }

  private static long durableLength(FileChannel durable) throws IOException {
    ByteBuffer length = ByteBuffer.allocate(Long.BYTES);
    return durable.read(length, 0) == Long.BYTES ? length.getLong(0) : 0;
  }

  private static String digest(Path file, long length) throws IOException {
    MessageDigest digest = newDigest();
    try (FileChannel channel = FileChannel.open(file)) {
      update(digest, channel, length);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, FileChannel channel, long length)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    for (long done = 0; done < length; done += buffer.limit()) {
      buffer.clear().limit((int) Math.min(BUFFER, length - done));
      if (channel.read(buffer, done) < 0) {
        throw new EOFException("the copy has only " + done + " bytes");
      }
      digest.update(buffer.flip());
    }
  }

  static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }
}
