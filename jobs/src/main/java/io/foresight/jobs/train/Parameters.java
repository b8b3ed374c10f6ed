package io.foresight.jobs.train;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.foresight.model.Script;
import io.foresight.model.checkpoint.SafetensorsWriter;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A model's parameters and AdamW moments, shared with the training script, which updates them in
 * place.
 */
final class Parameters {

  private final ModelShape shape;
  private final List<PtNDArray> values = new ArrayList<>();
  private final List<PtNDArray> first = new ArrayList<>();
  private final List<PtNDArray> second = new ArrayList<>();

  /**
   * Fresh parameters, normal with the residual projections scaled down by depth; owned by {@code
   * script}'s manager.
   */
  Parameters(ModelShape shape, Script script, long seed) {
    this.shape = shape;
    Random random = new Random(seed);
    int c = shape.hidden();
    double residual = 0.02 / Math.sqrt(2.0 * shape.layers());
    PtNDManager manager = script.manager();
    add(manager, random, 0.02, shape.vocabulary(), c);
    add(manager, random, 0, c);
    for (int i = 0; i < shape.layers(); i++) {
      add(manager, random, 0, c);
      add(manager, random, 0, c);
      add(manager, random, 0.02, 3L * c, c);
      add(manager, random, residual, c, c);
      add(manager, random, 0.02, 2L * shape.intermediate(), c);
      add(manager, random, residual, c, shape.intermediate());
    }
    script
        .call(
            "start_training",
            list(values),
            list(first),
            list(second),
            IValue.from((long) shape.heads()),
            IValue.from((long) shape.heads()),
            IValue.from((long) shape.headDim()),
            IValue.from(ModelShape.NORM_EPSILON))
        .close();
  }

  private static IValue list(List<PtNDArray> arrays) {
    return IValue.listFrom(arrays.toArray(new PtNDArray[0]));
  }

  /** A deviation of 0 means ones: a norm's weight. */
  private void add(PtNDManager manager, Random random, double deviation, long... dimensions) {
    Shape dims = new Shape(dimensions);
    float[] floats = new float[(int) dims.size()];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = deviation == 0 ? 1 : (float) (random.nextGaussian() * deviation);
    }
    values.add((PtNDArray) manager.create(floats, dims));
    first.add((PtNDArray) manager.zeros(dims));
    second.add((PtNDArray) manager.zeros(dims));
  }

  long count() {
    return values.stream().mapToLong(PtNDArray::size).sum();
  }

  /** Saves everything that a resumed run needs; the file is replaced atomically. */
  void save(Path file, long step, double bestLoss) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try (DataOutputStream out =
        new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(part), 1 << 20))) {
      out.writeLong(step);
      out.writeDouble(bestLoss);
      for (List<PtNDArray> group : List.of(values, first, second)) {
        for (PtNDArray array : group) {
          float[] floats = array.toFloatArray();
          ByteBuffer bytes = ByteBuffer.allocate(floats.length * Float.BYTES);
          bytes.asFloatBuffer().put(floats);
          out.writeInt(floats.length);
          out.write(bytes.array());
        }
      }
    }
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Where a saved run stood. */
  record Progress(long step, double bestLoss) {}

  /** Restores what {@link #save} wrote. */
  Progress restore(Path file) throws IOException {
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 20))) {
      Progress progress = new Progress(in.readLong(), in.readDouble());
      for (List<PtNDArray> group : List.of(values, first, second)) {
        for (PtNDArray array : group) {
          int length = in.readInt();
          if (length != array.size()) {
            throw new IOException(
                "Cannot resume from "
                    + file
                    + ": it holds a model of another shape. Delete it, or give the shape that it was made with.");
          }
          byte[] bytes = in.readNBytes(length * Float.BYTES);
          FloatBuffer floats = ByteBuffer.wrap(bytes).asFloatBuffer();
          float[] copy = new float[length];
          floats.get(copy);
          array.set(FloatBuffer.wrap(copy));
        }
      }
      return progress;
    }
  }

  /** Writes {@code model.safetensors} in bf16 by Hugging Face's names. */
  void export(Path file) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    int c = shape.hidden();
    int m = shape.intermediate();
    writer.bf16(
        "model.embed_tokens.weight", values.get(0).toFloatArray(), 0, shape.vocabulary(), c);
    writer.bf16("model.norm.weight", values.get(1).toFloatArray(), 0, c);
    for (int i = 0; i < shape.layers(); i++) {
      String layer = "model.layers." + i + ".";
      int p = 2 + 6 * i;
      writer.bf16(layer + "input_layernorm.weight", values.get(p).toFloatArray(), 0, c);
      writer.bf16(
          layer + "post_attention_layernorm.weight", values.get(p + 1).toFloatArray(), 0, c);
      float[] qkv = values.get(p + 2).toFloatArray();
      writer.bf16(layer + "self_attn.q_proj.weight", qkv, 0, c, c);
      writer.bf16(layer + "self_attn.k_proj.weight", qkv, c * c, c, c);
      writer.bf16(layer + "self_attn.v_proj.weight", qkv, 2 * c * c, c, c);
      writer.bf16(layer + "self_attn.o_proj.weight", values.get(p + 3).toFloatArray(), 0, c, c);
      float[] gateUp = values.get(p + 4).toFloatArray();
      writer.bf16(layer + "mlp.gate_proj.weight", gateUp, 0, m, c);
      writer.bf16(layer + "mlp.up_proj.weight", gateUp, m * c, m, c);
      writer.bf16(layer + "mlp.down_proj.weight", values.get(p + 5).toFloatArray(), 0, c, m);
    }
    writer.write(file);
  }
}
