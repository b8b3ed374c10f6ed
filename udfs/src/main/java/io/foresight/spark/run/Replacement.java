package io.foresight.spark.run;

import java.io.IOException;
import java.util.HashSet;
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
    Set<String> own = new HashSet<>();
    Manifest staged = Manifest.read(files, next);
    if (staged == null) {
      staged = Manifest.read(files, home);
    }
    staged.segments().forEach(segment -> own.add("-" + segment.id() + "."));
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
    if (files.exists(next.index())) {
      files.delete(home.index());
      files.move(next.index(), home.index());
    }
    for (FileStatus status : files.list(next.root())) {
      String name = status.getPath().getName();
      if (!name.startsWith("_")) {
        files.move(status.getPath(), new Path(home.root(), name));
      }
    }
    if (files.exists(next.manifest())) {
      files.replace(next.manifest(), home.manifest());
    }
    files.writeMark(home.success(), new byte[0]);
    files.delete(next.root());
    files.delete(home.old());
  }
}
