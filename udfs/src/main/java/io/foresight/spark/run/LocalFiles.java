package io.foresight.spark.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Hadoop's file system of this host's disks, with permissions by system calls. Without its native
 * library, which Spark does not bring along, Hadoop starts a process for each: {@code chmod}
 * several times for a file that is written, {@code ls} for one whose permissions are asked.
 * Everything else is Hadoop's. Thread-safe.
 */
public final class LocalFiles extends LocalFileSystem {

  private static final String IMPLEMENTATION = "fs.file.impl";

  /** For Hadoop, which makes them by name. */
  public LocalFiles() {
    super(new Raw());
  }

  /** Lets a configuration use these for paths of this host, unless it names others. */
  public static void use(Configuration configuration) {
    if (configuration.get(IMPLEMENTATION) == null) {
      configuration.set(IMPLEMENTATION, LocalFiles.class.getName());
      // What holds Hadoop's own is made before any job begins, and would be found for ever.
      configuration.setBoolean(IMPLEMENTATION + ".disable.cache", true);
    }
  }

  private static final class Raw extends RawLocalFileSystem {

    @Override
    public void setPermission(Path path, FsPermission permission) throws IOException {
      java.nio.file.Path file = pathToFile(path).toPath();
      if (permission.getStickyBit() || !isPosix(file)) {
        super.setPermission(path, permission);
        return;
      }
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permission.toString()));
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
      FileStatus status = super.getFileStatus(path);
      java.nio.file.Path file = pathToFile(path).toPath();
      return isPosix(file) ? new Status(status) : status;
    }

    private static boolean isPosix(java.nio.file.Path file) {
      return file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }
  }

  /** Asks for permissions and owners when it is asked for them, as Hadoop's does. */
  private static final class Status extends FileStatus {

    private static final long serialVersionUID = 1;

    Status(FileStatus status) {
      super(
          status.getLen(),
          status.isDirectory(),
          status.getReplication(),
          status.getBlockSize(),
          status.getModificationTime(),
          status.getAccessTime(),
          null,
          null,
          null,
          status.getPath());
    }

    private PosixFileAttributes attributes() {
      java.nio.file.Path file = java.nio.file.Path.of(getPath().toUri().getPath());
      try {
        return Files.readAttributes(file, PosixFileAttributes.class);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot ask for the permissions of " + file, e);
      }
    }

    @Override
    public FsPermission getPermission() {
      return FsPermission.valueOf("-" + PosixFilePermissions.toString(attributes().permissions()));
    }

    @Override
    public String getOwner() {
      return attributes().owner().getName();
    }

    @Override
    public String getGroup() {
      return attributes().group().getName();
    }
  }
}
