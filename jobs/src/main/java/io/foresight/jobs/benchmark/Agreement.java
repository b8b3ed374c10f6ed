package io.foresight.jobs.benchmark;

import static io.foresight.decoding.DecodingSettings.MAX_NEW_TOKENS;
import static io.foresight.decoding.DecodingSettings.STRATEGY;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Request;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.Strategy;
import io.foresight.engine.GenerationSettings;
import io.foresight.engine.RowDecoder;
import io.foresight.engine.prompt.Prompts;
import io.foresight.model.text.Tokenizer;
import io.foresight.settings.Settings;
import io.foresight.spark.rows.Rows;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;

/** How often the draft would say what the target says: the bound on what speculation can gain. */
final class Agreement {

  /** More rows would not say it better. */
  private static final int MOST_ROWS = 200;

  private Agreement() {}

  /** Share of the positions of the target's greedy texts at which the draft's arg max is theirs. */
  static double measure(GenerationSettings settings, List<Row> prompts) {
    Strategy greedy = Strategies.of(Settings.defaults().with(STRATEGY, "greedy"));
    long agreed = 0;
    long positions = 0;
    try (Tokenizer tokenizer = Tokenizer.load(Path.of(settings.targetModel()));
        RowDecoder models = ForwardCosts.both(settings)) {
      Prompts built = Prompts.of(settings.prompt(), Path.of(settings.targetModel()));
      for (Row row : prompts.subList(0, Math.min(MOST_ROWS, prompts.size()))) {
        int[] prompt = built.ids(tokenizer, Rows.values(row));
        int[] text =
            greedy
                .decode(
                    models.target(),
                    null,
                    new Request(
                        prompt,
                        settings.settings().get(MAX_NEW_TOKENS),
                        (line, finished) -> Judgement.of(0),
                        0))
                .tokens();
        int[] line = new int[prompt.length + text.length - 1];
        System.arraycopy(prompt, 0, line, 0, prompt.length);
        System.arraycopy(text, 0, line, prompt.length, text.length - 1);
        try (Sequence sequence = models.draft().open()) {
          int[] said =
              models
                  .draft()
                  .extend(
                      ForwardRequest.of(sequence, line, LogitsRequest.argmax(prompt.length - 1)))
                  .argmax();
          for (int i = 0; i < text.length; i++) {
            agreed += said[i] == text[i] ? 1 : 0;
          }
          positions += text.length;
        }
      }
    }
    return (double) agreed / positions;
  }
}
