package io.foresight.spark.run;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.permission.FsAction;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.io.IOUtils;

/**
 * The few operations on files that a run's promises rest on, for the file system of one path. What
 * becomes visible under a name is whole, on local disks, HDFS and object stores. Thread-safe.
 */
final class RunFiles {

  private static final FsPermission OWNER_ALONE =
      new FsPermission(FsAction.READ_WRITE, FsAction.NONE, FsAction.NONE);

  private final Configuration configuration;
  private final FileSystem files;

  /**
   * File systems besides this host's disks in which one step lets a file take another's place, and
   * of which Hadoop has that step. All others are taken for object stores: what is written to a
   * name is seen when all of it is there, and until then what was there before.
   */
  private static final Set<String> RENAMING_OVER = Set.of("hdfs", "webhdfs", "swebhdfs");

  /** Whether paths are of this host's disks, where Java's own calls are atomic. */
  private final boolean local;

  private RunFiles(Configuration configuration, FileSystem files) {
    this.configuration = configuration;
    this.files = files;
    this.local = "file".equals(files.getUri().getScheme());
  }

  static RunFiles of(Path path, Configuration configuration) throws IOException {
    return new RunFiles(configuration, path.getFileSystem(configuration));
  }

  private static java.nio.file.Path local(Path path) {
    return java.nio.file.Path.of(path.toUri().getPath());
  }

  boolean exists(Path path) throws IOException {
    return files.exists(path);
  }

  /** What lies in a folder; nothing if it is not there. */
  List<FileStatus> list(Path folder) throws IOException {
    try {
      return Arrays.asList(files.listStatus(folder));
    } catch (FileNotFoundException e) {
      return List.of();
    }
  }

  /** A small file's bytes; {@code null} if it is not there. */
  byte[] read(Path path) throws IOException {
    try (FSDataInputStream in = files.open(path)) {
      return in.readAllBytes();
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  /** When it was written last, by the file system's clock, in milliseconds. */
  long modified(Path path) throws IOException {
    return files.getFileStatus(path).getModificationTime();
  }

  void makeFolder(Path folder) throws IOException {
    if (!files.mkdirs(folder)) {
      throw new IOException("the folder " + folder + " cannot be made");
    }
  }

  /** Deletes a file, or a folder with all that it holds; nothing happens if it is not there. */
  void delete(Path path) throws IOException {
    files.delete(path, true);
  }

  /** Deletes a folder if it holds nothing. */
  void deleteIfEmpty(Path folder) throws IOException {
    if (local) {
      try {
        Files.deleteIfExists(local(folder));
      } catch (DirectoryNotEmptyException e) {
        // Somebody put something there, and it stays.
        return;
      }
    } else if (list(folder).isEmpty()) {
      files.delete(folder, false);
    }
  }

  /**
   * Gives a whole file its final name, unless there is one of that name: then another attempt has
   * said the same, and this one's goes.
   *
   * @return whether it is this file that has the name
   */
  boolean commit(Path written, Path name) throws IOException {
    if (files.exists(name)) {
      delete(written);
      return false;
    }
    if (local) {
      moveLocally(written, name);
      return true;
    }
    try {
      if (files.rename(written, name)) {
        return true;
      }
    } catch (org.apache.hadoop.fs.FileAlreadyExistsException e) {
      // Told apart below, as where a file system says so by false alone.
    }
    if (!files.exists(name)) {
      throw new IOException("the file system refused to rename " + written + " to " + name);
    }
    delete(written);
    return false;
  }

  /** Puts a whole file in the place of another, or of none, in one step. */
  void replace(Path written, Path name) throws IOException {
    if (local) {
      moveLocally(written, name);
    } else if (renamesOver()) {
      FileContext.getFileContext(files.getUri(), configuration)
          .rename(written, name, Options.Rename.OVERWRITE);
    } else {
      // Object stores show what is written to a name when all of it is there.
      try (FSDataInputStream in = files.open(written)) {
        write(name, out -> IOUtils.copyBytes(in, out, 1 << 16));
      }
      delete(written);
    }
  }

  /** Whether a rename may take another file's place. */
  private boolean renamesOver() {
    return RENAMING_OVER.contains(files.getUri().getScheme());
  }

  private static void moveLocally(Path written, Path name) throws IOException {
    java.nio.file.Path from = local(written);
    try (FileChannel channel = FileChannel.open(from, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    // Hadoop's checksums lie beside its files, and could not be moved in the same step.
    Files.deleteIfExists(from.resolveSibling("." + from.getFileName() + ".crc"));
    java.nio.file.Path to = local(name);
    Files.deleteIfExists(to.resolveSibling("." + to.getFileName() + ".crc"));
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Moves a file or a folder to a name that is not taken. */
  void move(Path from, Path to) throws IOException {
    if (local) {
      Files.move(local(from), local(to), StandardCopyOption.ATOMIC_MOVE);
    } else if (!files.rename(from, to)) {
      throw new IOException("the file system refused to rename " + from + " to " + to);
    }
  }

  @FunctionalInterface
  private interface Writing {
    void to(OutputStream out) throws IOException;
  }

  private void write(Path path, Writing writing) throws IOException {
    FSDataOutputStream out = files.create(path, true);
    try {
      writing.to(out);
    } catch (IOException | RuntimeException e) {
      // Closing it would make half a file visible.
      if (out.hasCapability(StreamCapabilities.ABORTABLE_STREAM)) {
        out.abort();
      } else {
        out.close();
      }
      throw e;
    }
    out.close();
  }

  /**
   * Writes a small file, so that a reader sees its old content or its new one. Where the file
   * system knows modes, it is its owner's alone.
   *
   * @param scratch a name in a folder that is there, for the time of writing
   */
  void writeWhole(Path path, byte[] content, Path scratch) throws IOException {
    if (local) {
      java.nio.file.Path made = local(scratch);
      Files.deleteIfExists(made);
      boolean modes = made.getFileSystem().supportedFileAttributeViews().contains("posix");
      if (modes) {
        Files.createFile(
            made,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      } else {
        Files.createFile(made);
      }
      try (FileChannel channel = FileChannel.open(made, StandardOpenOption.WRITE)) {
        ByteBuffer left = ByteBuffer.wrap(content);
        while (left.hasRemaining()) {
          channel.write(left);
        }
        channel.force(true);
      }
      Files.move(
          made, local(path), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } else if (renamesOver()) {
      write(scratch, out -> out.write(content));
      files.setPermission(scratch, OWNER_ALONE);
      replace(scratch, path);
    } else {
      write(path, out -> out.write(content));
    }
  }

  /** Writes a small file that anybody may read; there or not, it is never half there. */
  void writeMark(Path path, byte[] content) throws IOException {
    write(path, out -> out.write(content));
    if (local) {
      java.nio.file.Path made = local(path);
      Files.deleteIfExists(made.resolveSibling("." + made.getFileName() + ".crc"));
    }
  }

  /**
   * Checks, without leaving anything behind, that files can be made at a path, or below its nearest
   * ancestor that is there.
   *
   * @throws IOException if not
   */
  void requireWritable(Path path) throws IOException {
    Path there = ResolvedPath.nearest(files, path);
    if (!files.getFileStatus(there).isDirectory()) {
      throw new IOException(there.toUri().getPath() + " is a file");
    }
    if (local) {
      if (!Files.isWritable(local(there))) {
        throw new IOException(
            "the folder " + there.toUri().getPath() + " is read-only, or may not be written");
      }
    } else {
      files.access(there, FsAction.WRITE);
    }
  }

  /** Bytes that are free where the path lies; as many as there can be where nobody knows. */
  long room(Path path) throws IOException {
    Path there = ResolvedPath.nearest(files, path);
    if (local) {
      FileStore store = Files.getFileStore(local(there));
      return store.getUsableSpace();
    }
    long remaining = files.getStatus(there).getRemaining();
    return remaining == 0 ? Long.MAX_VALUE : remaining;
  }
}
