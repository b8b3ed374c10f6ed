package io.foresight.spark;

import java.io.Serializable;
import java.util.Collection;
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

  /** With the driver's settings and credentials; {@code null} if no model is remote. */
  private final Broadcast<SerializableConfiguration> hadoop;

  private RunModels(
      StoreSettings settings,
      Map<String, ModelLocation> locations,
      Broadcast<SerializableConfiguration> hadoop) {
    this.settings = settings;
    this.locations = locations;
    this.hadoop = hadoop;
  }

  /**
   * Finds the models out, on the driver.
   *
   * @param models as settings give them
   * @throws io.foresight.model.ModelException if a remote one cannot be listed
   */
  static RunModels locate(SparkContext spark, StoreSettings settings, Collection<String> models) {
    Configuration configuration = spark.hadoopConfiguration();
    Map<String, ModelLocation> locations = new LinkedHashMap<>();
    models.forEach(
        model -> locations.computeIfAbsent(model, given -> ModelLocation.of(given, configuration)));
    boolean remote = locations.values().stream().anyMatch(ModelLocation.Remote.class::isInstance);
    return new RunModels(
        settings,
        locations,
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
   * @throws io.foresight.model.ModelException if it cannot be copied
   */
  String folder(String model) {
    ModelLocation location = locations.get(model);
    if (location == null) {
      return model;
    }
    ModelStore store =
        new ModelStore(
            settings, hadoop == null ? new Configuration(false) : hadoop.value().value());
    return store.folder(location).toString();
  }
}
