package io.foresight.jobs;

import io.foresight.spark.Secrets;
import io.foresight.spark.run.RunException;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkException;
import org.apache.spark.sql.SparkSession;

/** Starts Spark for a job, and says what a user has to know of it. */
final class Sessions {

  private static final String STANDALONE = "spark://";
  private static final int CONNECT_MILLIS = 5_000;

  private Sessions() {}

  /**
   * Starts Spark.
   *
   * @param name the application's
   * @throws RunException if the master cannot be reached
   * @throws SettingsException if Spark refuses its options
   */
  static SparkSession open(String name) {
    requireMaster(System.getProperty("spark.master", ""));
    SparkSession session = start(name);
    SparkContext context = session.sparkContext();
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
      return SparkSession.builder().appName(name).getOrCreate();
    } catch (Exception e) {
      // Of any type: Spark's checked ones come through Scala code, which does not declare them.
      if (e instanceof BindException) {
        throw new RunException(
            RunException.Kind.CLUSTER,
            "Cannot start Spark: %s. Free the ports, or give others (spark.driver.port, spark.ui.port)."
                .formatted(Secrets.reason(e)),
            e);
      }
      if (e instanceof IllegalArgumentException || e instanceof SparkException) {
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
