package io.foresight.jobs.input.files;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.spark.run.RunException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.catalyst.catalog.ExternalCatalogUtils;

/**
 * The files of an input, in their order, and how their rows lie in them.
 *
 * @param beside names of files beside the data, and how many have each
 */
public record InputFiles(InputFormat format, List<InputFile> files, Map<String, Integer> beside) {

  private static final int NAMED = 5;
  private static final int FIRST_BYTES = 64;
  private static final String RUN = "_foresight/run.json";
  private static final String DONE = "_SUCCESS";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What is below a path. */
  private record Root(
      FileStatus status, List<InputFile> files, Set<String> runs, Set<String> done) {}

  /** Whether folders are of runs that are not finished; asks once for each. */
  private static final class Runs {

    private final Configuration hadoop;
    private final Map<Path, Boolean> unfinished = new HashMap<>();

    Runs(Configuration hadoop) {
      this.hadoop = hadoop;
    }

    boolean isUnfinished(Path folder) throws IOException {
      Boolean known = unfinished.get(folder);
      if (known == null) {
        FileSystem files = folder.getFileSystem(hadoop);
        known = files.exists(new Path(folder, RUN)) && !files.exists(new Path(folder, DONE));
        unfinished.put(folder, known);
      }
      return known;
    }
  }

  /**
   * Finds the files, each once; those of folders in the order of their paths.
   *
   * @throws RunException if there are none, of several formats, or those of a run that is not
   *     finished
   */
  public static InputFiles find(Configuration hadoop, InputSettings settings) {
    Map<String, InputFile> direct = new LinkedHashMap<>();
    Map<String, InputFile> all = new LinkedHashMap<>();
    Map<String, Integer> beside = new TreeMap<>();
    InputFormat format = settings.format();
    List<Root> roots = new ArrayList<>();
    Runs runs = new Runs(hadoop);
    boolean anyRun = settings.unfinished() == Unfinished.READ;
    for (String given : settings.paths()) {
      try {
        for (FileStatus status : Locations.named(hadoop, given)) {
          if (!anyRun && status.isFile() && runs.isUnfinished(status.getPath().getParent())) {
            throw unfinished(hadoop, status.getPath().getParent());
          }
          roots.add(below(hadoop, status));
        }
      } catch (IOException e) {
        throw Locations.unreachable(given, e);
      }
    }
    if (!anyRun) {
      requireFinished(hadoop, roots);
    }
    for (Root root : roots) {
      for (InputFile file : root.files) {
        all.putIfAbsent(file.path(), file);
        if (root.status.isFile()) {
          direct.put(file.path(), file);
        }
      }
    }
    if (format == InputFormat.AUTO) {
      format = format(hadoop, settings, direct.values(), all.values());
    }
    List<InputFile> data = new ArrayList<>();
    boolean named = false;
    for (InputFile file : all.values()) {
      named |= InputFormat.of(file.name()) == format;
    }
    if (format == InputFormat.AUTO) {
      all.clear();
    }
    for (InputFile file : all.values()) {
      // In a folder of which the format is given, names need not tell it.
      if (!named || direct.containsKey(file.path()) || InputFormat.of(file.name()) == format) {
        data.add(file);
      } else {
        beside.merge(file.name(), 1, Integer::sum);
      }
    }
    if (data.isEmpty()) {
      throw InputProblem.told(
          "Cannot read input %s: it has no file that is %s by its name. Give another --input, or set input.format."
              .formatted(
                  settings.shown(),
                  settings.format() == InputFormat.AUTO ? "data" : format.spelling()));
    }
    return new InputFiles(format, data, beside);
  }

  /** Names on standard error what lies beside the data. */
  public void tellBeside() {
    if (!beside.isEmpty()) {
      int count = beside.values().stream().mapToInt(i -> i).sum();
      System.err.printf(
          "Skipped %d %s beside the data, not %s by name: %s%s%n",
          count,
          count == 1 ? "file" : "files",
          format.spelling(),
          String.join(", ", beside.keySet().stream().limit(NAMED).toList()),
          beside.size() > NAMED ? ", ..." : "");
    }
  }

  private static Root below(Configuration hadoop, FileStatus status) throws IOException {
    Set<String> runs = new LinkedHashSet<>();
    Set<String> done = new LinkedHashSet<>();
    Path root = status.getPath();
    if (status.isFile()) {
      InputFile file =
          new InputFile(root.toString(), status.getLen(), status.getModificationTime(), Map.of());
      return new Root(status, List.of(file), runs, done);
    }
    List<InputFile> found = new ArrayList<>();
    for (FileStatus file : filesBelow(root.getFileSystem(hadoop), root)) {
      Path path = file.getPath();
      if (path.toString().endsWith("/" + RUN)) {
        runs.add(path.getParent().getParent().toString());
      } else if (path.getName().equals(DONE)) {
        done.add(path.getParent().toString());
      }
      List<String> names = names(root, path);
      if (names.stream().noneMatch(InputFiles::isHidden)) {
        Map<String, String> partition = partition(names.subList(0, names.size() - 1));
        found.add(
            new InputFile(path.toString(), file.getLen(), file.getModificationTime(), partition));
      }
    }
    found.sort(Comparator.comparing(InputFile::path));
    return new Root(status, found, runs, done);
  }

  private static List<FileStatus> filesBelow(FileSystem system, Path root) throws IOException {
    List<FileStatus> files = new ArrayList<>();
    if (!"file".equals(system.getUri().getScheme())) {
      // Object stores list all folders at once.
      RemoteIterator<? extends FileStatus> listed = system.listFiles(root, true);
      while (listed.hasNext()) {
        files.add(listed.next());
      }
      return files;
    }
    // The same would ask for each file's permissions, for which Hadoop starts a process.
    Deque<Path> folders = new ArrayDeque<>(List.of(root));
    while (!folders.isEmpty()) {
      for (FileStatus status : system.listStatus(folders.pop())) {
        if (status.isDirectory()) {
          folders.push(status.getPath());
        } else {
          files.add(status);
        }
      }
    }
    return files;
  }

  /** The names on the way from a folder to a file. */
  private static List<String> names(Path root, Path file) {
    List<String> names = new ArrayList<>();
    for (Path path = file; path != null && !path.equals(root); path = path.getParent()) {
      names.add(0, path.getName());
    }
    return names;
  }

  /** As for Spark, which does not read these either; _a=1 is a partition. */
  private static boolean isHidden(String name) {
    return name.startsWith(".")
        || (name.startsWith("_") && !name.contains("="))
        || name.endsWith("._COPYING_");
  }

  private static Map<String, String> partition(List<String> folders) {
    Map<String, String> partition = new LinkedHashMap<>();
    for (String folder : folders) {
      int equals = folder.indexOf('=');
      if (equals > 0) {
        String value = ExternalCatalogUtils.unescapePathName(folder.substring(equals + 1));
        partition.put(
            ExternalCatalogUtils.unescapePathName(folder.substring(0, equals)),
            value.equals(ExternalCatalogUtils.DEFAULT_PARTITION_NAME()) ? null : value);
      }
    }
    // Not Map.copyOf, which has no nulls.
    return partition;
  }

  private static InputFormat format(
      Configuration hadoop,
      InputSettings settings,
      Collection<InputFile> direct,
      Collection<InputFile> all) {
    EnumMap<InputFormat, InputFile> found = new EnumMap<>(InputFormat.class);
    for (InputFile file : all) {
      found.putIfAbsent(InputFormat.of(file.name()), file);
    }
    for (InputFile file : direct) {
      if (InputFormat.of(file.name()) == InputFormat.AUTO) {
        found.putIfAbsent(byContent(hadoop, file), file);
      }
    }
    found.remove(InputFormat.AUTO);
    if (found.size() > 1) {
      throw InputProblem.told(
          "Cannot read input %s: it has files of several formats, such as %s. Set input.format to the one to read."
              .formatted(
                  settings.shown(),
                  String.join(", ", found.values().stream().map(InputFile::shown).toList())));
    }
    return found.isEmpty() ? InputFormat.AUTO : found.keySet().iterator().next();
  }

  /** The format of a file that was named, whose name does not tell it. */
  private static InputFormat byContent(Configuration hadoop, InputFile file) {
    try (InputStream in = file.hadoop().getFileSystem(hadoop).open(file.hadoop())) {
      byte[] begin = in.readNBytes(FIRST_BYTES);
      Lines lines = new Lines(new ByteArrayInputStream(begin), 0, Lines.Mark.DROPPED_FIRST);
      for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
        String text = new String(line.bytes(), StandardCharsets.ISO_8859_1).strip();
        if (line.offset() == 0 && text.startsWith("PAR1")) {
          return InputFormat.PARQUET;
        }
        if (text.startsWith("{")) {
          return InputFormat.JSONL;
        }
        if (!text.isEmpty()) {
          break;
        }
      }
    } catch (IOException e) {
      throw Locations.unreachable(file.shown(), e);
    }
    throw InputProblem.told(
        "Cannot read input %s: neither its name nor its first bytes tell its format. Set input.format."
            .formatted(file.shown()));
  }

  private static void requireFinished(Configuration hadoop, List<Root> roots) {
    for (Root root : roots) {
      for (String run : root.runs) {
        if (!root.done.contains(run)) {
          throw unfinished(hadoop, new Path(run));
        }
      }
    }
  }

  private static RunException unfinished(Configuration hadoop, Path run) {
    return InputProblem.told(
        "Cannot read input %s: its run is not finished%s. Finish it by the command that started it, or set input.unfinished = read."
            .formatted(Locations.shown(run), progress(hadoop, run)));
  }

  /** How far a run is, if it says so; else nothing. */
  private static String progress(Configuration hadoop, Path folder) {
    try {
      FileSystem files = folder.getFileSystem(hadoop);
      JsonNode run;
      try (InputStream in = files.open(new Path(folder, RUN))) {
        run = JSON.readTree(in);
      }
      long shards = run.at("/plan/shards").asLong();
      long there =
          Arrays.stream(files.listStatus(folder))
              .filter(file -> file.getPath().getName().startsWith("part-"))
              .count();
      return shards > 0 ? ": %d of %d parts are there".formatted(there, shards) : "";
    } catch (IOException e) {
      // That it is not finished is what matters; a manifest that is being written tells no more.
      return "";
    }
  }
}
