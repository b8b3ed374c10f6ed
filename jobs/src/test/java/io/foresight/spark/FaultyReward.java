package io.foresight.spark;

import ai.djl.engine.EngineException;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A reward that says 1 to all, but fails once in all processes, as an engine or a JVM does. */
public final class FaultyReward implements RewardFactory {

  private static final AtomicInteger CALLS = new AtomicInteger();

  @Override
  public String type() {
    return "faulty";
  }

  @Override
  public RewardFunction create(RewardSettings settings) {
    String fault = settings.text("fault");
    Path marker = Path.of(settings.text("marker"));
    int millis = settings.integer("millis", 0, 0);
    return row ->
        Optional.of(
            (text, finished) -> {
              sleep(millis);
              if (CALLS.incrementAndGet() > 20 && isFirst(marker)) {
                switch (fault) {
                  case "classes" -> throw new NoClassDefFoundError("org/others/Missing");
                  case "device" ->
                      throw new InternalError(
                          new EngineException("CUDA error: device-side assert"));
                  case "none" -> {}
                  default -> throw new AssertionError(fault);
                }
              }
              return 1;
            });
  }

  private static void sleep(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static boolean isFirst(Path marker) {
    try {
      Files.createFile(marker);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
