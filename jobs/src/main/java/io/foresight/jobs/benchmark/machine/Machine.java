package io.foresight.jobs.benchmark.machine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.engine.GenerationSettings;
import io.foresight.jobs.benchmark.CostCurve;
import io.foresight.model.checkpoint.Checkpoint;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.cost.ForwardShape;
import java.nio.file.Path;

/**
 * What p's forward reaches of what the machine can do.
 *
 * @param weightBytes weights that a forward reads
 * @param forwardBytes those per second of a forward over one position
 * @param copyBytes bytes per second, read and written, of a plain copy
 * @param forwardFlops floating-point operations per second in the matrix products of a forward over
 *     many positions
 * @param manyPositions how many
 * @param productFlops the same of a plain fp32 product
 */
public record Machine(
    long weightBytes,
    double forwardBytes,
    double copyBytes,
    double forwardFlops,
    int manyPositions,
    double productFlops) {

  public static Machine of(GenerationSettings settings, CostCurve target, Roofline roofline) {
    long weights = Checkpoint.inspect(Path.of(settings.targetModel())).multipliedWeights();
    long bytes = weights * bytes(settings.targetPrecision());
    ForwardShape many = target.largest();
    return new Machine(
        bytes,
        bytes / target.seconds(ForwardShape.of(1, 1)),
        roofline.copyBytesPerSecond(),
        2.0 * weights * many.positions() / target.seconds(many),
        many.positions(),
        roofline.productFlops());
  }

  private static int bytes(Precision precision) {
    return switch (precision) {
      case FP32 -> 4;
      case BF16 -> 2;
      case INT8 -> 1;
    };
  }

  public String text() {
    return """
        Roofline, one thread: the target's forward over one position reads its %.1f MB of weights at %.1f GB/s; a plain copy of
        64 MiB reads and writes %.1f GB/s (weights that fit the caches may beat it). Over %d positions the forward multiplies at
        %.1f GFLOP/s; a plain fp32 product of 1024 x 1024 matrices at %.1f.
        """
        .formatted(
            weightBytes / 1e6,
            forwardBytes / 1e9,
            copyBytes / 1e9,
            manyPositions,
            forwardFlops / 1e9,
            productFlops / 1e9);
  }

  public ObjectNode json() {
    return new ObjectMapper()
        .createObjectNode()
        .put("weight_bytes", weightBytes)
        .put("forward_bytes_per_second", forwardBytes)
        .put("copy_bytes_per_second", copyBytes)
        .put("forward_flops", forwardFlops)
        .put("forward_flops_positions", manyPositions)
        .put("product_flops", productFlops);
  }
}
