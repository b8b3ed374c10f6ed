package io.foresight.jobs.process;

import io.foresight.settings.Secrets;
import io.foresight.settings.SettingsException;
import io.foresight.spark.run.LocalFiles;
import io.foresight.spark.run.RunException;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkException;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.Utils;

/** Starts Spark for a job, and says what a user has to know of it. */
public final class Sessions {

  private static final String STANDALONE = "spark://";
  private static final int CONNECT_MILLIS = 5_000;

  /** What a user ships with a job: Spark's properties, and the options that set them. */
  private static final Map<String, String> SHIPPED =
      new TreeMap<>(
          Map.of(
              "spark.jars", "--jars",
              "spark.files", "--files",
              "spark.archives", "--archives"));

  /**
   * On one machine, rows are too few for code that Spark would write and compile for each of its
   * queries: that takes a sixth of a small run.
   */
  private static final Map<String, String> INTERPRETED =
      Map.of(
          "spark.sql.codegen.wholeStage", "false", "spark.sql.codegen.factoryMode", "NO_CODEGEN");

  private Sessions() {}

  /**
   * Starts Spark.
   *
   * @param name the application's
   * @throws RunException if the master cannot be reached
   * @throws SettingsException if Spark refuses its options, or a file that they name is missing
   */
  public static SparkSession open(String name) {
    requireFiles();
    requireMaster(System.getProperty("spark.master", ""));
    SparkSession session = start(name);
    SparkContext context = session.sparkContext();
    LocalFiles.use(context.hadoopConfiguration());
    if (context.uiWebUrl().isDefined()) {
      System.err.println("Spark's UI: " + context.uiWebUrl().get());
    }
    if (!context.isLocal()) {
      ExecutorWatch.start(context);
    }
    return session;
  }

  private static SparkSession start(String name) {
    try {
      SparkSession.Builder session = SparkSession.builder().appName(name);
      if (System.getProperty("spark.master", "").startsWith("local[")) {
        INTERPRETED.forEach(
            (key, value) -> {
              if (System.getProperty(key) == null) {
                session.config(key, value);
              }
            });
      }
      return session.getOrCreate();
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which does not declare them.
      if (e instanceof BindException) {
        throw new RunException(
            RunException.Kind.CLUSTER,
            "Cannot start Spark: %s. Free the ports, or give others (spark.driver.port, spark.ui.port)."
                .formatted(Secrets.reason(e)),
            e);
      }
      if (e instanceof IllegalArgumentException
          || e instanceof SparkException
          || e instanceof FileNotFoundException) {
        SettingsException refused =
            new SettingsException(
                List.of(
                    "Spark refuses its options: %s. Correct those before \"--\"."
                        .formatted(Secrets.reason(e).replaceFirst("\\.$", ""))));
        refused.initCause(e);
        throw refused;
      }
      throw e;
    }
  }

  /** Spark itself would go on without a jar, and end with a stack trace for want of a file. */
  private static void requireFiles() {
    List<String> problems = new ArrayList<>();
    SHIPPED.forEach(
        (property, option) -> {
          for (String given : System.getProperty(property, "").split(",")) {
            URI uri = Utils.resolveURI(given.strip());
            if (!given.isBlank()
                && "file".equals(uri.getScheme())
                && !new File(uri.getPath()).exists()) {
              problems.add(
                  "Cannot find %s, which %s names. Correct the option before \"--\"."
                      .formatted(given.strip(), option));
            }
          }
        });
    if (!problems.isEmpty()) {
      throw new SettingsException(problems);
    }
  }

  /** Spark itself would try for a minute, and then stop under the job's hands. */
  private static void requireMaster(String master) {
    if (!master.startsWith(STANDALONE)) {
      return;
    }
    List<String> reasons = new ArrayList<>();
    for (String address : master.substring(STANDALONE.length()).split(",")) {
      URI uri = URI.create(STANDALONE + address);
      if (uri.getHost() == null || uri.getPort() < 0) {
        // Spark says what is wrong with it.
        return;
      }
      try (Socket socket = new Socket()) {
        SocketAddress endpoint = new InetSocketAddress(uri.getHost(), uri.getPort());
        socket.connect(endpoint, CONNECT_MILLIS);
        return;
      } catch (IOException e) {
        reasons.add(Secrets.reason(e));
      }
    }
    throw new RunException(
        RunException.Kind.CLUSTER,
        "Cannot reach Spark's master %s: %s. Check the address, and that the master runs."
            .formatted(master, String.join("; ", reasons)));
  }
}
