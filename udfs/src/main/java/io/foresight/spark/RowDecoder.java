package io.foresight.spark;

import ai.djl.Device;
import io.foresight.decoding.Counters;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LineReward;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.Strategy;
import io.foresight.model.ModelSession;
import io.foresight.model.Tokenizer;
import io.foresight.reward.KeywordCoverage;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardFunction.RowReward;
import java.util.Map;

/**
 * Decodes rows, one after another, with sessions of its own. Belongs to one task; the task closes
 * it.
 */
final class RowDecoder implements AutoCloseable {

  /** One row's result; on an error only {@code error} and {@code millis} say something. */
  record Result(
      String output,
      Double reward,
      Map<String, Double> scores,
      Boolean satisfied,
      String status,
      String error,
      Integer tokens,
      Double logProb,
      Counters counters,
      long millis) {}

  private final GenerationSettings settings;
  private final Strategy strategy;
  private final RewardFunction reward;
  private final Tokenizer tokenizer;
  private final ModelSession target;
  private final ModelSession draft;

  RowDecoder(GenerationSettings settings) {
    this.settings = settings;
    strategy = Strategies.of(settings.decoding());
    reward = new KeywordCoverage(settings.conceptsColumn(), settings.formsColumn());
    Device device = settings.device().resolve();
    tokenizer = ModelCache.tokenizer(settings.targetModel());
    target =
        ModelCache.model(settings.targetModel(), device, settings.targetPrecision()).newSession();
    draft =
        strategy.usesDraft()
            ? ModelCache.model(settings.draftModel(), device, settings.draftPrecision())
                .newSession()
            : null;
  }

  /**
   * Decodes a row. What is one row's fault becomes a result with status {@code error}; errors of
   * the JVM itself go on.
   *
   * @param row values by column; lists as java.util.List
   */
  Result decode(String id, Map<String, Object> row) {
    long started = System.nanoTime();
    try {
      RowReward rowReward = reward.forRow(row);
      int[] prompt = tokenizer.encode(settings.prompt().render(row));
      int room = target.contextLength() - prompt.length;
      if (room < 1) {
        throw new IllegalArgumentException(
            "Cannot decode a prompt of %d tokens: the model's context holds %d. Shorten it."
                .formatted(prompt.length, target.contextLength()));
      }
      LineReward line =
          new LineReward() {
            @Override
            public double of(int[] generated, boolean finished) {
              return rowReward.reward(tokenizer.decode(generated), finished);
            }

            @Override
            public double upperBound() {
              return rowReward.upperBound();
            }
          };
      Generation generation =
          strategy.decode(
              target,
              draft,
              new Request(
                  prompt,
                  settings.decoding().maxNewTokens(),
                  line,
                  RowSeed.of(settings.seed(), id)));
      String text = tokenizer.decode(generation.tokens());
      Map<String, Double> scores = rowReward.constraintScores(text);
      boolean satisfied = scores.values().stream().allMatch(s -> s == 1.0);
      String status = !generation.endedByEos() ? "truncated" : satisfied ? "ok" : "unsatisfied";
      return new Result(
          text,
          rowReward.reward(text, true),
          scores,
          satisfied,
          status,
          null,
          generation.tokens().length,
          generation.logProb(),
          generation.counters(),
          (System.nanoTime() - started) / 1_000_000);
    } catch (RuntimeException e) {
      String message = e.getMessage() == null ? e.toString() : e.getMessage();
      return new Result(
          null,
          null,
          null,
          null,
          "error",
          message,
          null,
          null,
          Counters.ZERO,
          (System.nanoTime() - started) / 1_000_000);
    }
  }

  @Override
  public void close() {
    target.close();
    if (draft != null) {
      draft.close();
    }
  }
}
