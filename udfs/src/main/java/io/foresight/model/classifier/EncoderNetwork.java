package io.foresight.model.classifier;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.foresight.model.CacheBudget;
import io.foresight.model.NonFinite;
import io.foresight.model.Script;
import io.foresight.model.checkpoint.ClassifierCheckpoint;
import io.foresight.model.checkpoint.EncoderConfig;
import io.foresight.model.checkpoint.EncoderConfig.Convolution;
import io.foresight.model.checkpoint.EncoderConfig.Distances;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.checkpoint.Safetensors.Tensor;
import java.util.Arrays;
import java.util.List;

/** An encoder's weights in {@code sequence_classifier.py}. */
final class EncoderNetwork implements SequenceClassifier.Network {

  private final EncoderConfig config;
  private final Script script;

  private EncoderNetwork(EncoderConfig config, Script script) {
    this.config = config;
    this.script = script;
  }

  /** Loads it; the caller closes it. */
  static EncoderNetwork load(ClassifierCheckpoint.Encoder encoder, Device device) {
    Script script = Script.ofClassifier(device);
    try {
      configure(encoder.config(), script);
      String name = device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
      for (int i = 0; i < encoder.wanted().size(); i++) {
        Tensor tensor = encoder.tensors().get(i);
        script
            .call(
                "read",
                IValue.from(encoder.wanted().get(i).name()),
                IValue.from(tensor.file().toAbsolutePath().toString()),
                IValue.from((long) tensor.stored().dtype),
                IValue.from(tensor.first()),
                IValue.listFrom(tensor.shape()),
                IValue.from(name))
            .close();
        try (IValue finite =
            script.call("is_finite", IValue.from(encoder.wanted().get(i).name()))) {
          if (finite.toLong() == 0) {
            throw NonFinite.refusal(tensor, Precision.FP32);
          }
        }
      }
      Distances distances = encoder.config().distances();
      if (distances != null) {
        script
            .call(
                "finish",
                IValue.from(distances.fromContent()),
                IValue.from(distances.toContent()),
                IValue.from(distances.shared()),
                IValue.from(distances.normed()))
            .close();
      }
      return new EncoderNetwork(encoder.config(), script);
    } catch (RuntimeException e) {
      script.close();
      throw e;
    }
  }

  private static void configure(EncoderConfig config, Script script) {
    script
        .call(
            "configure",
            IValue.from((long) config.layers()),
            IValue.from((long) config.heads()),
            IValue.from(config.epsilon()),
            IValue.from(config.activation()),
            IValue.from(config.pooling()),
            IValue.from((long) config.scoreParts()))
        .close();
    Distances distances = config.distances();
    if (distances != null) {
      script
          .call(
              "configure_distances",
              IValue.from((long) distances.reach()),
              IValue.from((long) distances.buckets()),
              IValue.from((long) distances.farthest()))
          .close();
    }
    Convolution convolution = config.convolution();
    if (convolution != null) {
      script
          .call(
              "configure_convolution",
              IValue.from(convolution.activation()),
              IValue.from((long) convolution.groups()))
          .close();
    }
  }

  @Override
  public long cacheBytes(int tokens) {
    return 0;
  }

  @Override
  public float[][] logits(List<int[]> texts, CacheBudget budget) {
    int width = texts.stream().mapToInt(ids -> ids.length).max().orElseThrow();
    long[] ids = new long[texts.size() * width];
    long[] positions = new long[texts.size() * width];
    long[] lengths = new long[texts.size()];
    for (int i = 0; i < lengths.length; i++) {
      int[] text = texts.get(i);
      lengths[i] = text.length;
      for (int j = 0; j < text.length; j++) {
        ids[i * width + j] = text[j];
      }
      config.embedding().positions(text, positions, i * width);
    }
    Shape shape = new Shape(texts.size(), width);
    try (PtNDManager manager = script.manager().newSubManager(Device.cpu());
        IValue result =
            script.call(
                "forward",
                IValue.from((PtNDArray) manager.create(ids, shape)),
                IValue.from((PtNDArray) manager.create(positions, shape)),
                IValue.from((PtNDArray) manager.create(lengths)));
        NDArray logits = result.toTensor(manager)) {
      float[] all = logits.toFloatArray();
      int labels = all.length / texts.size();
      float[][] rows = new float[texts.size()][];
      Arrays.setAll(rows, i -> Arrays.copyOfRange(all, i * labels, (i + 1) * labels));
      return rows;
    }
  }

  @Override
  public void close() {
    script.close();
  }
}
