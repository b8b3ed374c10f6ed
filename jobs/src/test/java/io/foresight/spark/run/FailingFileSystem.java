package io.foresight.spark.run;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.fs.Abortable;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.FsStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * This host's disk by the scheme {@code failing}, where the n-th change fails: before it is made,
 * or after it; and each when it has been closed, as with file systems behind a network. As in an
 * object store, a file is there when all of it is, and until then what was.
 */
public final class FailingFileSystem extends FilterFileSystem {

  private static final AtomicInteger LEFT = new AtomicInteger(Integer.MAX_VALUE);
  private static volatile boolean after;
  private static volatile Runnable first = () -> {};

  /** Bytes that are free, at most. */
  static volatile long remaining = Long.MAX_VALUE;

  private volatile boolean closed;

  public FailingFileSystem() {
    super(new RawLocalFileSystem());
  }

  static void failAt(int change, boolean afterIt) {
    after = afterIt;
    LEFT.set(change);
  }

  /** Does something before each change, on the thread that makes it. */
  static void before(Runnable each) {
    first = each;
  }

  static boolean failed() {
    return LEFT.get() < 0;
  }

  @FunctionalInterface
  private interface Change<T> {
    T make() throws IOException;
  }

  private <T> T changed(Change<T> change) throws IOException {
    first.run();
    if (closed) {
      throw new IOException("the file system is closed");
    }
    boolean fails = LEFT.getAndDecrement() == 0;
    if (fails && !after) {
      throw new IOException("the disk fails before the change");
    }
    T made = change.make();
    if (fails) {
      throw new IOException("the disk fails after the change");
    }
    return made;
  }

  @Override
  public void close() throws IOException {
    closed = true;
    super.close();
  }

  @Override
  public String getScheme() {
    return "failing";
  }

  @Override
  public URI getUri() {
    return URI.create("failing:///");
  }

  @Override
  protected void checkPath(Path path) {}

  private static Path local(Path path) {
    return new Path("file", null, path.toUri().getPath());
  }

  private static FileStatus failing(FileStatus status) {
    status.setPath(new Path("failing", null, status.getPath().toUri().getPath()));
    return status;
  }

  @Override
  public Path makeQualified(Path path) {
    return new Path("failing", null, path.toUri().getPath());
  }

  @Override
  public Path resolvePath(Path path) {
    return makeQualified(path);
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    return failing(fs.getFileStatus(local(path)));
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    FileStatus[] listed = fs.listStatus(local(path));
    for (FileStatus status : listed) {
      failing(status);
    }
    return listed;
  }

  @Override
  public org.apache.hadoop.fs.FSDataInputStream open(Path path, int buffer) throws IOException {
    return fs.open(local(path), buffer);
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      FsPermission permission,
      boolean overwrite,
      int buffer,
      short replication,
      long block,
      Progressable progress)
      throws IOException {
    if (!overwrite && fs.exists(local(path))) {
      throw new FileAlreadyExistsException(path + " is there");
    }
    return new FSDataOutputStream(new Upload(local(path)), null);
  }

  /** A file that is being written, where nobody looks. */
  private final class Upload extends ByteArrayOutputStream
      implements StreamCapabilities, Abortable {

    private final Path target;
    private boolean ended;

    Upload(Path target) {
      this.target = target;
    }

    @Override
    public boolean hasCapability(String capability) {
      return capability.equals(ABORTABLE_STREAM);
    }

    @Override
    public AbortableResult abort() {
      ended = true;
      return null;
    }

    @Override
    public void close() throws IOException {
      if (ended) {
        return;
      }
      ended = true;
      changed(
          () -> {
            java.nio.file.Path whole = Files.createTempFile("failing", ".upload");
            Files.write(whole, toByteArray());
            java.nio.file.Path name = java.nio.file.Path.of(target.toUri().getPath());
            Files.createDirectories(name.getParent());
            return Files.move(
                whole, name, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
          });
    }
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    return changed(() -> fs.rename(local(from), local(to)));
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    return changed(() -> fs.delete(local(path), recursive));
  }

  @Override
  public boolean mkdirs(Path path) throws IOException {
    return changed(() -> fs.mkdirs(local(path)));
  }

  @Override
  public boolean mkdirs(Path path, FsPermission permission) throws IOException {
    return changed(() -> fs.mkdirs(local(path), permission));
  }

  @Override
  public void access(Path path, org.apache.hadoop.fs.permission.FsAction mode) throws IOException {
    fs.access(local(path), mode);
  }

  @Override
  public FsStatus getStatus(Path path) throws IOException {
    FsStatus status = fs.getStatus(local(path));
    long free = Math.min(remaining, status.getRemaining());
    return new FsStatus(status.getCapacity(), status.getUsed(), free);
  }
}
