package io.foresight.spark.run;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/** A staged run that takes an old output's place. */
final class Replacement {

  private Replacement() {}

  /**
   * Puts the staged run, which is whole, in the old one's place. Each step may be repeated, since
   * the process may end between any two; until the last the old rows or the new ones are all there,
   * and the new run's mark says that this is to be gone on with.
   */
  static void of(RunFiles files, RunPaths home) throws IOException {
    RunPaths next = home.next();
    Set<String> segments = new HashSet<>();
    Set<String> own = new HashSet<>();
    Manifest staged = Manifest.read(files, next);
    if (staged == null) {
      staged = Manifest.read(files, home);
    }
    for (Segment segment : staged.segments()) {
      segments.add(segment.id());
      own.add("-" + segment.id() + ".");
    }
    files.delete(home.success());
    files.makeFolder(home.old());
    for (FileStatus status : files.list(home.root())) {
      String name = status.getPath().getName();
      if (!name.equals(home.hidden().getName()) && own.stream().noneMatch(name::contains)) {
        Path old = new Path(home.old(), name);
        files.delete(old);
        files.move(status.getPath(), old);
      }
    }
    // File by file: where folders have no renames, half a folder may have been moved before.
    for (String segment : segments) {
      move(files, new Path(next.index(), segment), new Path(home.index(), segment));
    }
    for (FileStatus status : files.list(home.index())) {
      if (!segments.contains(status.getPath().getName())) {
        files.delete(status.getPath());
      }
    }
    move(files, next.root(), home.root());
    if (files.exists(next.manifest())) {
      files.replace(next.manifest(), home.manifest());
    }
    files.writeMark(home.success(), new byte[0]);
    files.delete(next.root());
    // Of an old run that was not whole.
    files.delete(home.scratch());
    files.delete(home.inputs());
    // Last: while it is there, what is published is known to be new.
    files.delete(home.old());
  }

  /** Moves a folder's files of rows that were not moved before. */
  private static void move(RunFiles files, Path from, Path to) throws IOException {
    List<FileStatus> there = files.list(from);
    if (!there.isEmpty()) {
      files.makeFolder(to);
    }
    for (FileStatus status : there) {
      String name = status.getPath().getName();
      if (!name.startsWith("_")) {
        files.commit(status.getPath(), new Path(to, name));
      }
    }
  }
}
