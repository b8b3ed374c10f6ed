package io.foresight.engine;

import ai.djl.Device;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Sequence;
import io.foresight.engine.prompt.Prompt;
import io.foresight.engine.prompt.Prompts;
import io.foresight.model.CacheBudget;
import io.foresight.model.ModelSession;
import io.foresight.model.checkpoint.HeadIds;
import io.foresight.model.checkpoint.Precision;
import io.foresight.model.text.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Perplexity of texts under a model that did not make them, with its own tokenizer. Of one thread.
 */
public final class Judge implements AutoCloseable {

  private final Path folder;
  private final Map<Prompt, Prompts> prompts = new HashMap<>();
  private final ModelPool.Use<Tokenizer> tokenizer;
  private final ModelCache.Lease model;
  private final ModelSession session;

  /** -1 if it has none. */
  private final int eos;

  /**
   * A text's log-probability given its prompt.
   *
   * @param tokens tokens of the judge's tokenizer, EOS included where the text ended
   * @param logProb their sum, in nats
   */
  public record Verdict(int tokens, double logProb) {

    /** Of both texts. */
    public Verdict plus(Verdict other) {
      return new Verdict(tokens + other.tokens, logProb + other.logProb);
    }

    /** NaN of no token. */
    public double perplexity() {
      return Math.exp(-logProb / tokens);
    }
  }

  /** The judge in fp32 on the CPU, loaded unless this process has it already. */
  public Judge(Path folder) {
    this(folder, Device.cpu(), Long.MAX_VALUE);
  }

  /**
   * The same on a device.
   *
   * @param cacheBytes memory that its caches may take
   */
  Judge(Path folder, Device device, long cacheBytes) {
    this.folder = folder;
    tokenizer = ModelCache.tokenizer(folder.toString());
    model =
        ModelCache.lease(
            folder.toString(), device, Precision.FP32, HeadIds.FULL, new CacheBudget(cacheBytes));
    session = model.session();
    eos =
        IntStream.range(0, session.vocabularySize()).filter(session::isEos).findFirst().orElse(-1);
  }

  /**
   * Judges a text; as much of it as the judge's context holds. A chat is written by the judge's own
   * template.
   *
   * @param ended whether it ended by itself, so that its EOS counts
   */
  public Verdict of(Prompt prompt, Map<String, Object> row, String text, boolean ended) {
    Prompts built = prompts.computeIfAbsent(prompt, p -> Prompts.of(p, folder));
    int[] before = built.ids(tokenizer.model(), row);
    int[] line = text.isEmpty() ? before : built.ids(tokenizer.model(), row, text);
    if (ended && eos >= 0) {
      line = Arrays.copyOf(line, line.length + 1);
      line[line.length - 1] = eos;
    }
    line = Arrays.copyOf(line, Math.min(line.length, session.contextLength()));
    int common = Arrays.mismatch(before, line);
    int from = common < 0 ? line.length : common;
    int scored = line.length - from;
    if (from == 0 || scored == 0) {
      return new Verdict(0, 0);
    }
    int[] whole = line;
    int[][] next =
        IntStream.range(from, line.length)
            .mapToObj(i -> new int[] {whole[i]})
            .toArray(int[][]::new);
    double logProb = 0;
    try (Sequence sequence = session.open()) {
      float[][] scores =
          session
              .extend(
                  ForwardRequest.of(
                      sequence,
                      Arrays.copyOf(line, line.length - 1),
                      LogitsRequest.gather(from - 1, next)))
              .gathered();
      for (float[] one : scores) {
        logProb += one[0];
      }
    }
    return new Verdict(scored, logProb);
  }

  @Override
  public void close() {
    model.close();
    tokenizer.close();
  }
}
