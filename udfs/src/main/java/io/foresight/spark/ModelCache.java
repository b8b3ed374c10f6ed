package io.foresight.spark;

import ai.djl.Device;
import io.foresight.model.CausalLm;
import io.foresight.model.Precision;
import io.foresight.model.Tokenizer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The models of one executor JVM: one copy per folder, device and precision, loaded on first use
 * and shared by the executor's tasks. Thread-safe. The process's end gives the memory back: closing
 * native models earlier, from a shutdown hook, could pull them from under a task that is still
 * running.
 */
final class ModelCache {

  private record Key(String folder, Device device, Precision precision) {}

  private static final Map<Key, CausalLm> MODELS = new HashMap<>();
  private static final Map<String, Tokenizer> TOKENIZERS = new HashMap<>();

  private ModelCache() {}

  static synchronized CausalLm model(String folder, Device device, Precision precision) {
    Key key = new Key(folder, device, precision);
    CausalLm model = MODELS.get(key);
    if (model == null) {
      model = CausalLm.load(Path.of(folder), device, precision);
      MODELS.put(key, model);
    }
    return model;
  }

  static synchronized Tokenizer tokenizer(String folder) {
    return TOKENIZERS.computeIfAbsent(folder, f -> Tokenizer.load(Path.of(f)));
  }
}
