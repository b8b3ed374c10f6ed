package io.foresight.reward;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Judgement;
import io.foresight.reward.RewardFunction.RowReward;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The rewards of one row, composed. Of one thread at a time. */
public final class RowRewards {

  /** A reward that judges this row. */
  record Part(Rewards.Member of, RowReward reward) {

    double upperBound() {
      double bound = Rewards.asked(of.name(), reward::upperBound);
      if (!(bound >= 0 && bound <= 1)) {
        throw new RewardException(
            of.name(), "its upper bound is %s, not in [0, 1]. Correct it.".formatted(bound));
      }
      return bound;
    }

    double step() {
      double step = Rewards.asked(of.name(), reward::step);
      if (!(step > 0 || upperBound() == 0)) {
        throw new RewardException(
            of.name(), "its step is %s, not above 0. Correct it.".formatted(step));
      }
      return step;
    }
  }

  /**
   * What a finished text got of the rewards that judge the row.
   *
   * @param reward composed, in [0, 1]; {@code null} if none of them weighs anything
   * @param scores every reward's by its name, and its parts' by {@code name.part}
   * @param satisfied whether every hard reward reaches its threshold; {@code null} if none of them
   *     is hard
   */
  public record Outcome(Double reward, Map<String, Double> scores, Boolean satisfied) {}

  private final Combination combination;
  private final List<Part> parts;
  private final double[] weights;
  private final double[] thresholds;
  private final double[] bounds;
  private final double[] steps;

  RowRewards(Combination combination, List<Part> parts) {
    this.combination = combination;
    this.parts = parts;
    weights = parts.stream().mapToDouble(part -> part.of().weight()).toArray();
    thresholds = parts.stream().mapToDouble(part -> part.of().criterion().threshold()).toArray();
    bounds = parts.stream().mapToDouble(Part::upperBound).toArray();
    steps = parts.stream().mapToDouble(Part::step).toArray();
  }

  /**
   * The reward of a text in which every part has risen by a number of its steps, as far as it can.
   *
   * @param scores what the text has of each part
   */
  public double reach(double[] scores, int count) {
    double[] risen = new double[bounds.length];
    for (int i = 0; i < risen.length; i++) {
      risen[i] = Math.min(bounds[i], scores[i] + count * steps[i]);
    }
    return combined(risen);
  }

  /** Whether any reward judges the row; if none does, every text has the same judgement. */
  public boolean isJudging() {
    return !parts.isEmpty();
  }

  /** What each part of a judgement has to fulfil. */
  public List<Criterion> criteria() {
    return parts.stream().map(part -> part.of().criterion()).toList();
  }

  /** The most that any text's reward can be. */
  public double upperBound() {
    return combined(bounds);
  }

  private double combined(double[] scores) {
    return combination.of(scores, weights, thresholds);
  }

  /**
   * Judges texts.
   *
   * @param finished whether each of them is; an unfinished text counts as if it were as good as it
   *     can become for rewards that judge finished ones only
   * @throws RewardException if a reward fails, or leaves its range
   */
  public List<Judgement> judge(List<String> texts, boolean[] finished) {
    double[][] scores = new double[texts.size()][parts.size()];
    for (int i = 0; i < bounds.length; i++) {
      double[] ofPart = scores(i, texts, finished);
      for (int text = 0; text < ofPart.length; text++) {
        scores[text][i] = ofPart[text];
      }
    }
    return Arrays.stream(scores).map(of -> new Judgement(combined(of), of)).toList();
  }

  private double[] scores(int i, List<String> texts, boolean[] finished) {
    Part part = parts.get(i);
    if (Rewards.asked(part.of().name(), part.reward()::judgesUnfinished)) {
      return checked(part, bounds[i], texts, finished);
    }
    List<String> ended = new ArrayList<>();
    for (int text = 0; text < finished.length; text++) {
      if (finished[text]) {
        ended.add(texts.get(text));
      }
    }
    boolean[] all = new boolean[ended.size()];
    Arrays.fill(all, true);
    double[] judged = ended.isEmpty() ? new double[0] : checked(part, bounds[i], ended, all);
    double[] scores = new double[finished.length];
    for (int text = 0, next = 0; text < scores.length; text++) {
      scores[text] = finished[text] ? judged[next++] : bounds[i];
    }
    return scores;
  }

  private static double[] checked(Part part, double bound, List<String> texts, boolean[] finished) {
    double[] scores =
        Rewards.asked(part.of().name(), () -> part.reward().rewards(texts, finished.clone()));
    if (scores.length != finished.length) {
      throw new RewardException(
          part.of().name(),
          "it gave %d scores for %d texts. Correct the reward."
              .formatted(scores.length, finished.length));
    }
    for (double score : scores) {
      requireIn(part, score, bound);
    }
    return scores;
  }

  private static void requireIn(Part part, double score, double bound) {
    if (!(score >= 0 && score <= bound)) {
      throw new RewardException(
          part.of().name(),
          "it gave %s, which is not in [0, %s]. Correct the reward.".formatted(score, bound));
    }
  }

  /** What would help an unfinished text: the hints of every reward, each once. */
  public List<String> hints(String text) {
    Set<String> hints = new LinkedHashSet<>();
    for (Part part : parts) {
      for (String hint : Rewards.asked(part.of().name(), () -> part.reward().hints(text))) {
        if (hint != null) {
          hints.add(hint);
        }
      }
    }
    return List.copyOf(hints);
  }

  /** Judges a finished text, in full. */
  public Outcome outcome(String text) {
    Judgement judgement = judge(List.of(text), new boolean[] {true}).get(0);
    Map<String, Double> scores = new LinkedHashMap<>();
    Boolean satisfied = null;
    for (int i = 0; i < bounds.length; i++) {
      Part part = parts.get(i);
      String name = part.of().name();
      double score = judgement.parts()[i];
      scores.put(name, score);
      Rewards.asked(name, () -> part.reward().parts(text))
          .forEach(
              (key, value) -> {
                requireIn(part, value, 1);
                scores.put(name + "." + key, value);
              });
      if (part.of().hard()) {
        satisfied = score >= thresholds[i] && !Boolean.FALSE.equals(satisfied);
      }
    }
    Double reward = combination.isDefined(weights) ? judgement.reward() : null;
    return new Outcome(reward, scores, satisfied);
  }
}
