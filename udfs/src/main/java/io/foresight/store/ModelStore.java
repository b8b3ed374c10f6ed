package io.foresight.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.model.text.ModelException;
import io.foresight.settings.Secrets;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of remote models on this host, shared by all its processes. Thread-safe.
 *
 * <p>An entry is a folder named by the content's key. It is copied once, as {@code KEY.part}, which
 * a later copy goes on from, and renamed when it is whole: so what has the key's name is whole, and
 * a process that is killed leaves nothing that could be taken for it. Three kinds of lock files
 * order the processes; they end with their process, and are never deleted, since a lock on a
 * deleted file is none:
 *
 * <ul>
 *   <li>{@code KEY.use}: shared by those who use the entry; whoever deletes it has it alone
 *   <li>{@code KEY.copy}: whoever copies has it, after {@code KEY.use}
 *   <li>{@code store}: whoever makes room has it, and waits for no other lock meanwhile
 * </ul>
 *
 * What counts is the process: Linux gives up all of its locks on a file when it closes any handle
 * of that file, so a lock file that it holds is never opened again.
 *
 * <p>The lengths of an entry's files are checked whenever it is asked for; their SHA-256, against
 * what the file system sent, when they have been copied, since reading all of a large model each
 * time would cost as much as loading it.
 */
public final class ModelStore implements AutoCloseable {

  /** Before the name of what Spark has shipped to every host. */
  public static final String SHIPPED = "spark-files:";

  private static final Logger LOG = LoggerFactory.getLogger(ModelStore.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MANIFEST = "foresight-copy.json";

  /** Between two points, in bytes, from which a copy can go on even if the machine went down. */
  private static final long STEP = 8L << 20;

  private static final int BUFFER = 1 << 20;

  /** A process has one lock on an entry, whoever in it uses the entry. Guarded by the class. */
  private static final Map<Path, Use> USES = new HashMap<>();

  private final StoreSettings settings;
  private final Path folder;
  private final Configuration hadoop;

  /** Entries that this store holds, once per call that gave them. Guarded by the class. */
  private final List<Path> held = new ArrayList<>();

  private static final class Use {

    private final FileChannel channel;
    private int calls;

    Use(FileChannel channel) {
      this.channel = channel;
    }
  }

  /**
   * What an entry consists of; of a partial one, what it will.
   *
   * @param source where it was copied from
   * @param sha256 by name of file, in hexadecimal; empty until all is copied
   */
  private record Manifest(String source, Map<String, Long> lengths, Map<String, String> sha256) {

    static Manifest planned(RemoteModel model) {
      Map<String, Long> lengths = new HashMap<>();
      model.files().forEach(file -> lengths.put(file.name(), file.length()));
      return new Manifest(model.uri(), lengths, Map.of());
    }

    long bytes() {
      return lengths.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  /**
   * @param hadoop how remote file systems are reached, and by whose credentials
   */
  public ModelStore(StoreSettings settings, Configuration hadoop) {
    this.settings = settings;
    this.folder = settings.path();
    this.hadoop = hadoop;
  }

  /**
   * The folder of a model on this host; a remote one is copied, unless it has been. The copy is
   * held until the store is closed, or the process ends.
   *
   * @param location a path; a URI that Hadoop knows; or {@code spark-files:NAME}, which Spark ships
   * @throws ModelException if there is no such model, it cannot be copied, or it has not the digest
   *     that settings want
   */
  public Path folder(String location) {
    return folder(location, ModelLocation.of(location, hadoop));
  }

  /** As {@link #folder(String)}, of a location that has been found out. */
  public Path folder(String given, ModelLocation location) {
    Path folder = folder(location);
    String wanted = settings.digests().get(given);
    if (wanted != null) {
      String digest = ModelDigest.ofWeights(folder);
      if (!digest.equals(wanted)) {
        throw new ModelException(
            "Cannot use model %s: the digest of its configuration and weights is %s, and the settings want %s. Copy the right model there, or correct the digest."
                .formatted(folder, digest, wanted));
      }
    }
    return folder;
  }

  /** As {@link #folder(String)}, whatever its digest. */
  public Path folder(ModelLocation location) {
    if (location instanceof ModelLocation.Remote remote) {
      return copied(remote.model());
    }
    return location instanceof ModelLocation.Shipped shipped
        ? shipped.folder()
        : Path.of(((ModelLocation.Folder) location).path());
  }

  private Path copied(RemoteModel model) {
    Path entry = null;
    boolean done = false;
    try {
      // Nobody else's business, and nobody else's to fill.
      // Java 17 refuses to create what a link already leads to.
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      requireOwn();
      // A file has one path here, since locks are counted by it.
      entry = folder.toRealPath().resolve(model.key());
      Use use = hold(entry);
      synchronized (use) {
        // The lock ends with the channel.
        try (FileChannel channel = openFile(entry, ".copy")) {
          if (channel.tryLock() == null) {
            LOG.info("Waiting for another process that copies model {}", model.uri());
            channel.lock();
          }
          if (!whole(entry)) {
            copy(model, entry);
          }
        }
      }
      done = true;
      return entry;
    } catch (ModelException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Hadoop's clients and this host's disk fail in either way.
      throw new ModelException(
          "Cannot copy model %s to %s: %s. Check the access to both; what was copied is kept, and the next attempt goes on from it."
              .formatted(model.uri(), folder, Secrets.reason(e)),
          e);
    } finally {
      if (entry != null && !done) {
        release(entry);
      }
    }
  }

  /** Where everyone may create folders, another user may have made the default one before. */
  private void requireOwn() throws IOException {
    if (!settings.folder().isEmpty()) {
      return;
    }
    Set<PosixFilePermission> permissions =
        Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS);
    String owner = Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).getName();
    if (!owner.equals(System.getProperty("user.name"))
        || permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new ModelException(
          "Cannot copy models to %s: it is %s's, or others may write to it. Set models.local-cache to a folder of your own."
              .formatted(folder, owner));
    }
  }

  private Use hold(Path entry) throws IOException {
    synchronized (ModelStore.class) {
      Use use = USES.get(entry);
      if (use == null) {
        FileChannel channel = openFile(entry, ".use");
        try {
          channel.lock(0, Long.MAX_VALUE, true);
        } catch (IOException | RuntimeException e) {
          channel.close();
          throw e;
        }
        use = new Use(channel);
        USES.put(entry, use);
      }
      held.add(entry);
      use.calls++;
      // In a file of its own: to open a locked one, as setting its time does, would end the lock.
      openFile(entry, ".used").close();
      Files.setLastModifiedTime(beside(entry, ".used"), FileTime.from(Instant.now()));
      return use;
    }
  }

  private void release(Path entry) {
    synchronized (ModelStore.class) {
      Use use = USES.get(entry);
      if (held.remove(entry) && --use.calls == 0) {
        USES.remove(entry);
        try {
          use.channel.close();
        } catch (IOException e) {
          LOG.warn("Cannot give up the lock of {}; it ends with this process.", entry, e);
        }
      }
    }
  }

  /** Gives up all that it holds; folders that it gave may be deleted from then on. */
  @Override
  public void close() {
    synchronized (ModelStore.class) {
      List.copyOf(held).forEach(this::release);
    }
  }

  private static boolean whole(Path entry) throws IOException {
    Manifest manifest = manifest(entry);
    if (manifest == null) {
      return false;
    }
    for (Map.Entry<String, Long> file : manifest.lengths().entrySet()) {
      Path path = entry.resolve(file.getKey());
      if (!Files.isRegularFile(path) || Files.size(path) != file.getValue()) {
        LOG.warn("{} is missing or has another length than what was copied.", path);
        return false;
      }
    }
    return true;
  }

  /** {@code null} if there is none that can be read. */
  private static Manifest manifest(Path entry) throws IOException {
    Path file = entry.resolve(MANIFEST);
    if (Files.notExists(file)) {
      return null;
    }
    try {
      return JSON.readValue(Files.readAllBytes(file), Manifest.class);
    } catch (NoSuchFileException e) {
      // Another process has just finished its copy.
      return null;
    } catch (JsonProcessingException e) {
      LOG.warn("{} is damaged.", file, e);
      return null;
    }
  }

  private void copy(RemoteModel model, Path entry) throws IOException {
    Path part = beside(entry, ".part");
    requireUnchanged(model, part);
    makeRoom(model, entry);
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
        delete(part);
        throw new IOException(copied + " holds something else than was written to it");
      }
      Files.deleteIfExists(part.resolve(file.name() + ".durable"));
    }
    Manifest planned = Manifest.planned(model);
    write(part, new Manifest(planned.source(), planned.lengths(), sha256));
    delete(entry);
    Files.move(part, entry, StandardCopyOption.ATOMIC_MOVE);
    force(entry.getParent());
    LOG.info(
        "Copied model {}: {} bytes in {} s to {}",
        model.uri(),
        model.bytes(),
        (System.nanoTime() - started) / 1_000_000_000,
        entry);
  }

  private void requireUnchanged(RemoteModel model, Path part) throws IOException {
    if (!RemoteModel.list(model.uri(), hadoop).key().equals(model.key())) {
      delete(part);
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

  /** An entry that may have to go. */
  private record Candidate(Path entry, FileTime used, long bytes) {}

  /** Deletes what has been used least recently until a model fits, and reserves its room. */
  private void makeRoom(RemoteModel model, Path entry) throws IOException {
    if (model.bytes() > settings.bytes()) {
      throw noRoom(model, "the copies on a host may take %d".formatted(settings.bytes()));
    }
    Path part = beside(entry, ".part");
    synchronized (ModelStore.class) {
      try (FileChannel channel = openFile(entry.resolveSibling("store"), ".lock")) {
        channel.lock();
        List<Candidate> others = new ArrayList<>();
        try (Stream<Path> files = Files.list(entry.getParent())) {
          for (Path used : files.filter(file -> file.toString().endsWith(".used")).toList()) {
            String name = used.getFileName().toString();
            Path other = entry.resolveSibling(name.substring(0, name.length() - ".used".length()));
            if (!other.equals(entry)) {
              others.add(new Candidate(other, Files.getLastModifiedTime(used), size(other)));
            }
          }
        }
        others.sort(Comparator.comparing(Candidate::used));
        long taken = others.stream().mapToLong(Candidate::bytes).sum();
        for (Candidate other : others) {
          if (fits(model, taken, part)) {
            break;
          }
          if (other.bytes() > 0 && deleteUnused(other)) {
            taken -= other.bytes();
          }
        }
        if (taken + model.bytes() > settings.bytes()) {
          throw noRoom(
              model,
              "of the %d that copies on a host may take, running processes use %d"
                  .formatted(settings.bytes(), taken));
        }
        if (!fits(model, taken, part)) {
          throw noRoom(model, "the disk has %d left".formatted(usable()));
        }
        Files.createDirectories(part);
        write(part, Manifest.planned(model));
      }
    }
  }

  private boolean fits(RemoteModel model, long taken, Path part) throws IOException {
    return taken + model.bytes() <= settings.bytes() && model.bytes() - bytesIn(part) <= usable();
  }

  private long usable() throws IOException {
    return Files.getFileStore(folder).getUsableSpace();
  }

  private ModelException noRoom(RemoteModel model, String limit) {
    return new ModelException(
        "Cannot copy model %s to %s: it takes %d bytes, and %s. Raise models.local-cache-size, or set models.local-cache to a larger disk."
            .formatted(model.uri(), folder, model.bytes(), limit));
  }

  /** What an entry takes, or will when it is whole. */
  private static long size(Path entry) throws IOException {
    Path part = beside(entry, ".part");
    Manifest planned = manifest(part);
    return bytesIn(entry) + Math.max(bytesIn(part), planned == null ? 0 : planned.bytes());
  }

  private static long bytesIn(Path folder) throws IOException {
    if (Files.notExists(folder)) {
      return 0;
    }
    long bytes = 0;
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        bytes += Files.size(file);
      }
    } catch (NoSuchFileException e) {
      // Another process has just finished its copy, or taken a damaged one away.
      return bytes;
    }
    return bytes;
  }

  private static boolean deleteUnused(Candidate other) throws IOException {
    // To open a file that this process has locked, and close it, would end the lock.
    if (USES.containsKey(other.entry())) {
      return false;
    }
    try (FileChannel channel = openFile(other.entry(), ".use")) {
      if (channel.tryLock() == null) {
        return false;
      }
      delete(other.entry());
      delete(beside(other.entry(), ".part"));
    }
    LOG.info("Deleted {}, last used {}, for another model", other.entry(), other.used());
    return true;
  }

  private static void delete(Path folder) throws IOException {
    // Without it nothing is whole.
    Files.deleteIfExists(folder.resolve(MANIFEST));
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  private static void write(Path folder, Manifest manifest) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            folder.resolve(MANIFEST),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(JSON.writeValueAsBytes(manifest)));
      channel.force(true);
    }
    force(folder);
  }

  /** Makes a folder's names durable. */
  private static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder)) {
      channel.force(true);
    }
  }

  private static FileChannel openFile(Path entry, String ending) throws IOException {
    return FileChannel.open(
        beside(entry, ending),
        StandardOpenOption.CREATE,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }

  private static Path beside(Path entry, String ending) {
    return entry.resolveSibling(entry.getFileName() + ending);
  }
}
