package io.foresight.spark.run;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** Runs that a job had to choose a folder for, and that have not ended. */
public final class UnfinishedRuns {

  private UnfinishedRuns() {}

  /**
   * The newest unfinished run of the same identity that no driver holds, over the same input: one
   * over another would refuse it.
   *
   * @param folder where such runs lie
   * @param prefix what their folders' names begin with
   * @param input the input's files as they are now
   * @return its folder; {@code null} if there is none
   */
  public static String find(
      SparkSession spark,
      String folder,
      String prefix,
      Map<String, String> identity,
      RunRequest.InputFiles input) {
    try {
      Path path = new Path(folder);
      RunFiles files = RunFiles.of(path, spark.sparkContext().hadoopConfiguration());
      List<FileStatus> runs =
          files.list(path).stream()
              .filter(status -> status.getPath().getName().startsWith(prefix))
              .sorted(
                  Comparator.comparing((FileStatus status) -> status.getPath().getName())
                      .reversed())
              .toList();
      for (FileStatus run : runs) {
        RunPaths paths = new RunPaths(run.getPath());
        Manifest manifest = Manifest.read(files, paths);
        if (manifest != null
            && !files.exists(paths.success())
            && manifest.isOf(identity, input)
            && Lease.holder(files, paths.leases(), Lease.Timing.DEFAULT) == null) {
          return new Path(path, run.getPath().getName()).toString();
        }
      }
      return null;
    } catch (IOException e) {
      throw new RunException(
          RunException.Kind.STORAGE,
          "Cannot look for unfinished runs in %s: %s. Give --output."
              .formatted(folder, e.getMessage()),
          e);
    }
  }
}
