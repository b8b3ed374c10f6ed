package io.foresight.store;

import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.model.text.ModelException;
import io.foresight.settings.Secrets;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
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
        try (FileChannel channel = StoreEntry.openFile(entry, ".copy")) {
          if (channel.tryLock() == null) {
            LOG.info("Waiting for another process that copies model {}", model.uri());
            channel.lock();
          }
          if (!StoreEntry.whole(entry)) {
            Path into = entry;
            new ModelCopy(hadoop).into(model, into, () -> makeRoom(model, into));
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
        FileChannel channel = StoreEntry.openFile(entry, ".use");
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
      StoreEntry.openFile(entry, ".used").close();
      Files.setLastModifiedTime(StoreEntry.beside(entry, ".used"), FileTime.from(Instant.now()));
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

  /** An entry that may have to go. */
  private record Candidate(Path entry, FileTime used, long bytes) {}

  /** Deletes what has been used least recently until a model fits, and reserves its room. */
  private void makeRoom(RemoteModel model, Path entry) throws IOException {
    if (model.bytes() > settings.bytes()) {
      throw noRoom(model, "the copies on a host may take %d".formatted(settings.bytes()));
    }
    Path part = StoreEntry.beside(entry, ".part");
    synchronized (ModelStore.class) {
      try (FileChannel channel = StoreEntry.openFile(entry.resolveSibling("store"), ".lock")) {
        channel.lock();
        List<Candidate> others = new ArrayList<>();
        try (Stream<Path> files = Files.list(entry.getParent())) {
          for (Path used : files.filter(file -> file.toString().endsWith(".used")).toList()) {
            String name = used.getFileName().toString();
            Path other = entry.resolveSibling(name.substring(0, name.length() - ".used".length()));
            if (!other.equals(entry)) {
              others.add(
                  new Candidate(other, Files.getLastModifiedTime(used), StoreEntry.size(other)));
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
        StoreEntry.write(part, StoreEntry.Manifest.planned(model));
      }
    }
  }

  private boolean fits(RemoteModel model, long taken, Path part) throws IOException {
    return taken + model.bytes() <= settings.bytes()
        && model.bytes() - StoreEntry.bytesIn(part) <= usable();
  }

  private long usable() throws IOException {
    return Files.getFileStore(folder).getUsableSpace();
  }

  private ModelException noRoom(RemoteModel model, String limit) {
    return new ModelException(
        "Cannot copy model %s to %s: it takes %d bytes, and %s. Raise models.local-cache-size, or set models.local-cache to a larger disk."
            .formatted(model.uri(), folder, model.bytes(), limit));
  }

  private static boolean deleteUnused(Candidate other) throws IOException {
    // To open a file that this process has locked, and close it, would end the lock.
    if (USES.containsKey(other.entry())) {
      return false;
    }
    try (FileChannel channel = StoreEntry.openFile(other.entry(), ".use")) {
      if (channel.tryLock() == null) {
        return false;
      }
      StoreEntry.delete(other.entry());
      StoreEntry.delete(StoreEntry.beside(other.entry(), ".part"));
    }
    LOG.info("Deleted {}, last used {}, for another model", other.entry(), other.used());
    return true;
  }
}
