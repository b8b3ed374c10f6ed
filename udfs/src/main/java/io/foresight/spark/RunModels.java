package io.foresight.spark;

import io.foresight.model.checkpoint.ModelDigest;
import io.foresight.model.text.ModelException;
import io.foresight.store.ModelLocation;
import io.foresight.store.ModelStore;
import io.foresight.store.StoreSettings;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * A run's models as its executors get at them: of each the version that the driver saw. Immutable.
 */
final class RunModels implements Serializable {

  private static final long serialVersionUID = 1;

  private final StoreSettings settings;
  private final Map<String, ModelLocation> locations;

  /** Digests of the driver's own copies, of the models that every host has a copy of. */
  private final Map<String, String> contents;

  /** With the driver's settings and credentials; {@code null} if no model is remote. */
  private final Broadcast<SerializableConfiguration> hadoop;

  private RunModels(
      StoreSettings settings,
      Map<String, ModelLocation> locations,
      Map<String, String> contents,
      Broadcast<SerializableConfiguration> hadoop) {
    this.settings = settings;
    this.locations = locations;
    this.contents = contents;
    this.hadoop = hadoop;
  }

  /**
   * Finds the models out, on the driver.
   *
   * @param models as settings give them
   * @throws ModelException if a remote one cannot be listed, or a local one cannot be read
   */
  static RunModels locate(SparkContext spark, StoreSettings settings, Collection<String> models) {
    Configuration configuration = spark.hadoopConfiguration();
    Map<String, ModelLocation> locations = new LinkedHashMap<>();
    models.forEach(
        model -> locations.computeIfAbsent(model, given -> ModelLocation.of(given, configuration)));
    Map<String, String> contents = new HashMap<>();
    locations.forEach(
        (given, location) -> {
          // A driver that does not run models may well have no copy.
          if (location instanceof ModelLocation.Folder folder
              && Files.isDirectory(Path.of(folder.path()))) {
            contents.put(given, ModelDigest.of(Path.of(folder.path())));
          }
        });
    boolean remote = locations.values().stream().anyMatch(ModelLocation.Remote.class::isInstance);
    return new RunModels(
        settings,
        locations,
        contents,
        remote
            ? JavaSparkContext.fromSparkContext(spark)
                .broadcast(new SerializableConfiguration(configuration))
            : null);
  }

  /**
   * A model's folder on this host; a remote one is copied first. Copies are held until the process
   * ends, as the models are that are loaded from them.
   *
   * @param model as settings give it; one that the run does not read stays as it is
   * @throws ModelException if it cannot be copied, or is not what the driver has
   */
  String folder(String model) {
    ModelLocation location = locations.get(model);
    if (location == null) {
      return model;
    }
    ModelStore store =
        new ModelStore(
            settings, hadoop == null ? new Configuration(false) : hadoop.value().value());
    Path folder = store.folder(model, location);
    String content = contents.get(model);
    if (content != null) {
      String here = ModelDigest.of(folder);
      if (!here.equals(content)) {
        throw new ModelException(
            "Cannot use model %s on host %s: its files are not those that the driver has (digest %s here, %s there). Copy the same model to every host."
                .formatted(folder, host(), here, content));
      }
    }
    return folder.toString();
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      // A host need not be able to look itself up.
      return "(of unknown name)";
    }
  }
}
