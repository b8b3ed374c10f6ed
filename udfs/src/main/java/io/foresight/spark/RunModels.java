package io.foresight.spark;

import io.foresight.decoding.Strategies;
import java.io.Serializable;
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

  private final ModelLocation target;

  /** {@code null} if the strategy has none. */
  private final ModelLocation draft;

  /** With the driver's settings and credentials; {@code null} if no model is remote. */
  private final Broadcast<SerializableConfiguration> hadoop;

  private RunModels(
      ModelLocation target, ModelLocation draft, Broadcast<SerializableConfiguration> hadoop) {
    this.target = target;
    this.draft = draft;
    this.hadoop = hadoop;
  }

  /**
   * Finds the models out, on the driver.
   *
   * @throws io.foresight.model.ModelException if a remote one cannot be listed
   */
  static RunModels locate(SparkContext spark, GenerationSettings settings) {
    Configuration configuration = spark.hadoopConfiguration();
    ModelLocation target = ModelLocation.of(settings.targetModel(), configuration);
    ModelLocation draft =
        Strategies.of(settings.decoding()).usesDraft()
            ? ModelLocation.of(settings.draftModel(), configuration)
            : null;
    boolean remote =
        target instanceof ModelLocation.Remote || draft instanceof ModelLocation.Remote;
    return new RunModels(
        target,
        draft,
        remote
            ? JavaSparkContext.fromSparkContext(spark)
                .broadcast(new SerializableConfiguration(configuration))
            : null);
  }

  /**
   * The settings with folders of this host; remote models are copied first. Copies are held until
   * the process ends, as the models are that are loaded from them.
   *
   * @throws io.foresight.model.ModelException if a model cannot be copied
   */
  GenerationSettings onThisHost(GenerationSettings settings) {
    ModelStore store =
        new ModelStore(
            settings.store(), hadoop == null ? new Configuration(false) : hadoop.value().value());
    return settings.withModels(
        store.folder(target).toString(),
        draft == null ? settings.draftModel() : store.folder(draft).toString());
  }
}
