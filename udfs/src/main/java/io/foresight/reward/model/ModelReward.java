package io.foresight.reward.model;

import io.foresight.decoding.RowFault;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.TextScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * A reward that a model gives. A text that was scored lately is not scored again; one that leaves
 * the model nothing to read scores 0.
 *
 * @param scorer the model
 * @param text what of a row the model reads; the column {@code output} is the generated text
 * @param score in [0, 1], of what the model says of a text
 * @param judgesUnfinished whether texts that will go on are scored as well
 */
public record ModelReward(
    TextScorer scorer, TextTemplate text, ToDoubleFunction<float[]> score, boolean judgesUnfinished)
    implements RewardFunction {

  private static final String OUTPUT = "output";

  @Override
  public double threshold() {
    return 0.5;
  }

  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    boolean missing =
        text.columns().stream()
            .anyMatch(column -> !column.equals(OUTPUT) && row.get(column) == null);
    return missing ? Optional.empty() : Optional.of(new Judged(this, readable(row)));
  }

  /** A copy of the row, once it is known that the model's text can be made of it. */
  private Map<String, Object> readable(Map<String, Object> row) {
    Map<String, Object> copy = new HashMap<>(row);
    copy.put(OUTPUT, "");
    try {
      text.render(copy);
    } catch (IllegalArgumentException e) {
      throw new RowFault(
          RowFault.Kind.INPUT,
          "Cannot fill in \"%s\": %s".formatted(text.text(), e.getMessage()),
          e);
    }
    return copy;
  }

  private static final class Judged implements RowReward {

    /** Texts remembered: those of a few steps. */
    private static final int REMEMBERED = 512;

    private final ModelReward reward;
    private final Map<String, Object> row;
    private final Map<String, Double> known =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Double> eldest) {
            return size() > REMEMBERED;
          }
        };

    Judged(ModelReward reward, Map<String, Object> row) {
      this.reward = reward;
      this.row = row;
    }

    @Override
    public boolean judgesUnfinished() {
      return reward.judgesUnfinished();
    }

    @Override
    public double reward(String text, boolean finished) {
      return rewards(List.of(text), new boolean[] {finished})[0];
    }

    @Override
    public double[] rewards(List<String> texts, boolean[] finished) {
      Double[] scores = new Double[finished.length];
      Map<String, List<Integer>> unknown = new LinkedHashMap<>();
      for (int i = 0; i < scores.length; i++) {
        row.put(OUTPUT, texts.get(i));
        String read = reward.text().render(row);
        // Nothing was said yet, and so nothing wrong.
        scores[i] = texts.get(i).isBlank() && !finished[i] ? Double.valueOf(1) : known.get(read);
        if (scores[i] == null) {
          unknown.computeIfAbsent(read, of -> new ArrayList<>()).add(i);
        }
      }
      if (!unknown.isEmpty()) {
        List<String> asked = List.copyOf(unknown.keySet());
        List<float[]> answers = reward.scorer().score(asked);
        for (int i = 0; i < answers.size(); i++) {
          float[] answer = answers.get(i);
          double score = answer.length == 0 ? 0 : reward.score().applyAsDouble(answer);
          known.put(asked.get(i), score);
          unknown.get(asked.get(i)).forEach(at -> scores[at] = score);
        }
      }
      return Arrays.stream(scores).mapToDouble(Double::doubleValue).toArray();
    }
  }

  private static ModelReward read(
      RewardSettings settings, TextScorer scorer, ToDoubleFunction<float[]> score) {
    settings
        .optionalText(RewardSpec.DIGEST)
        .filter(digest -> !digest.matches("[0-9a-f]{64}"))
        .ifPresent(
            digest ->
                settings.problem(
                    RewardSpec.DIGEST,
                    "it is no SHA-256. Give 64 digits of 0 to 9 and a to f, as inspect --digest prints them."));
    TextTemplate text = new TextTemplate("{" + OUTPUT + "}");
    try {
      text = new TextTemplate(settings.text("text", text.text()));
    } catch (IllegalArgumentException e) {
      settings.problem("text", e.getMessage());
    }
    if (!text.columns().contains(OUTPUT)) {
      settings.problem("text", "it leaves out the generated text. Put {output} into it.");
    }
    text.columns().stream().filter(column -> !column.equals(OUTPUT)).forEach(settings::needs);
    return new ModelReward(scorer, text, score, settings.flag("judges-unfinished", true));
  }

  /**
   * Probability of a class by a text classifier: {@code label}, or that it is not {@code
   * not-label}.
   */
  public static final class Classifier implements RewardFactory {

    @Override
    public String type() {
      return "classifier";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      TextScorer scorer = settings.scorer(settings.text("model"));
      Optional<String> wanted = settings.optionalText("label");
      Optional<String> unwanted = settings.optionalText("not-label");
      if (wanted.isPresent() == unwanted.isPresent()) {
        settings.problem(
            "label",
            "one of label and not-label is needed. Give the class that texts should have, or should not have.");
      }
      List<String> labels = scorer.labels();
      int label = labels.indexOf(wanted.or(() -> unwanted).orElse(""));
      if (labels.size() == 1) {
        settings.problem(
            "model",
            "it has a single output, which is no probability of a class. Use type = reward-model.");
      } else if (label < 0 && !labels.isEmpty()) {
        settings.problem(
            wanted.isPresent() ? "label" : "not-label",
            "the model has no such class. It has %s.".formatted(String.join(", ", labels)));
      }
      return ModelReward.read(
          settings,
          scorer,
          wanted.isPresent() ? scores -> scores[label] : scores -> 1 - scores[label]);
    }
  }

  /** Score of a reward model, by the logistic function of how far it is above {@code center}. */
  public static final class RewardModel implements RewardFactory {

    @Override
    public String type() {
      return "reward-model";
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      TextScorer scorer = settings.scorer(settings.text("model"));
      if (scorer.labels().size() > 1) {
        settings.problem(
            "model",
            "it has the classes %s, and not one score. Use type = classifier."
                .formatted(String.join(", ", scorer.labels())));
      }
      double center = settings.number("center", 0, -Double.MAX_VALUE, Double.MAX_VALUE);
      double scale = settings.number("scale", 1, Double.MIN_NORMAL, Double.MAX_VALUE);
      return ModelReward.read(
          settings, scorer, scores -> 1 / (1 + Math.exp((center - scores[0]) / scale)));
    }
  }
}
