package io.foresight.spark;

import ai.djl.Device;
import io.foresight.decoding.Strategies;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.ModelCache;
import io.foresight.engine.ModelPool;
import io.foresight.model.CacheBudget;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.text.Tokenizer;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads models while a driver whose tasks run in its own process still looks at the input, so that
 * the first task finds them.
 */
public final class ModelPreload {

  private static final Logger LOG = LoggerFactory.getLogger(ModelPreload.class);

  private ModelPreload() {}

  /**
   * Loads a run's models beside other work, and returns when both are done: a process must not end
   * under native code.
   *
   * @param settings with models in folders of this host
   */
  public static void during(GenerationSettings settings, Runnable work) {
    CompletableFuture<Void> loading =
        // By a thread of its own, which has the class loader that jars of --jars are found by.
        CompletableFuture.runAsync(
                () -> load(settings), loader -> new Thread(loader, "foresight-preload").start())
            .exceptionally(
                e -> {
                  // The first task will meet it, and tell it.
                  LOG.info("Cannot load the models ahead of the tasks", e);
                  return null;
                });
    try {
      work.run();
    } finally {
      loading.join();
    }
  }

  // All are in use at once, so that none leaves for another.
  @SuppressWarnings("try")
  private static void load(GenerationSettings settings) {
    Device device = settings.device().resolve(SparkTask.current(settings.device()));
    CacheBudget budget = new CacheBudget(settings.cacheBytes());
    boolean drafts = Strategies.of(settings.decoding(device.isGpu())).usesDraft();
    try (ModelPool.Use<Tokenizer> tokenizer = ModelCache.tokenizer(settings.targetModel());
        ModelCache.Lease target =
            ModelCache.lease(
                settings.targetModel(), device, settings.targetPrecision(), HeadIds.FULL, budget);
        ModelCache.Lease draft =
            drafts
                ? ModelCache.lease(
                    settings.draftModel(),
                    device,
                    settings.draftPrecision(),
                    settings.draftHead(),
                    budget)
                : null) {
      LOG.debug("The models are there before the tasks.");
    }
  }
}
