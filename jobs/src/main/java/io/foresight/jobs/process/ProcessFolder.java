package io.foresight.jobs.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The temporary folder that {@code submit.sh} gives to a process. The process removes it when it
 * ends; one that was killed leaves it to the next start of {@code submit.sh}.
 */
public final class ProcessFolder {

  private static final Logger LOG = LoggerFactory.getLogger(ProcessFolder.class);

  /** After Hadoop and Spark, which have hooks of higher priority, have removed what is theirs. */
  private static final int LAST = 0;

  private ProcessFolder() {}

  /** Removes the folder, if this process has one, when the process ends. */
  public static void removeAtExit() {
    String folder = System.getProperty("foresight.process.folder");
    if (folder != null) {
      ShutdownHookManager.get().addShutdownHook(() -> remove(Path.of(folder)), LAST);
    }
  }

  private static void remove(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(java.io.File::delete);
    } catch (IOException e) {
      LOG.info("The next start removes {}", folder, e);
    }
  }
}
