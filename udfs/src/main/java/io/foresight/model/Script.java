package io.foresight.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A loaded instance of a TorchScript program. Calls without gradients may come from several
 * threads; training calls from one.
 */
public final class Script implements AutoCloseable {

  private final PtNDManager manager;
  private final PtSymbolBlock block;

  /** Loads a fresh instance of {@code causal_lm.py}, without weights. The caller closes it. */
  public Script(Device device) {
    this(device, "causal_lm.py", "CausalLm", ForwardLayout.names());
  }

  /**
   * Loads a fresh instance of {@code sequence_classifier.py}, without weights. The caller closes
   * it.
   */
  public static Script ofClassifier(Device device) {
    return new Script(device, "sequence_classifier.py", "SequenceClassifier", Map.of());
  }

  private Script(Device device, String resource, String type, Map<String, Integer> names) {
    manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    try (InputStream archive = ScriptArchive.open(resource, type, names)) {
      block = JniUtils.loadModule(manager, archive, true, false);
    } catch (IOException e) {
      manager.close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** The manager of everything that lives as long as this instance. */
  public PtNDManager manager() {
    return manager;
  }

  /**
   * Calls a method without gradients.
   *
   * @param arguments closed by this call
   * @return the result; the caller closes it
   */
  public IValue call(String method, IValue... arguments) {
    try {
      return IValueUtils.runMethod(block, method, arguments);
    } finally {
      for (IValue argument : arguments) {
        argument.close();
      }
    }
  }

  /** Calls a method whose first argument, {@code cache}, stays open; as {@link #call} otherwise. */
  public IValue callOn(IValue cache, String method, IValue... arguments) {
    return callOn(List.of(cache), method, arguments);
  }

  /** The same of several that stay open. */
  IValue callOn(List<IValue> kept, String method, IValue... arguments) {
    IValue[] all = Stream.concat(kept.stream(), Arrays.stream(arguments)).toArray(IValue[]::new);
    try {
      return IValueUtils.runMethod(block, method, all);
    } finally {
      for (IValue argument : arguments) {
        argument.close();
      }
    }
  }

  /**
   * Calls a method of tensors with gradients enabled.
   *
   * @return the result, one tensor; the caller closes it
   */
  public NDArray train(String method, NDArray... arguments) {
    // Gradient mode belongs to the thread; the engine leaves it off.
    JniUtils.setGradMode(true);
    NDList list = new NDList();
    for (NDArray argument : arguments) {
      list.add(argument);
    }
    try (PtNDArray name = (PtNDArray) arguments[0].getManager().create(0)) {
      name.setName("module_method:" + method);
      list.add(name);
      return IValueUtils.forward(block, list, true).singletonOrThrow();
    }
  }

  @Override
  public void close() {
    block.close();
    manager.close();
  }
}
