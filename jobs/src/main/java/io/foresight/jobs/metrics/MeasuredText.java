package io.foresight.jobs.metrics;

import java.util.List;
import java.util.Map;

/**
 * An output and what is known of it. What is not known, or does not apply, is {@code null}.
 *
 * @param text the output; {@code null} for an error
 * @param ended whether it ended by itself; {@code null} of texts that others wrote
 * @param reward in [0, 1]
 * @param satisfied whether each hard reward that judged it reaches its threshold
 * @param scores each reward by its name, and its parts
 * @param tokens how many, EOS included
 * @param logProb their log-probability by the target, in nats
 * @param words of the text, without case
 * @param overuse whether it uses one of its row's concepts more than twice
 * @param references what others wrote for the same row; empty for none
 * @param judgement of a model that did not write it
 */
public record MeasuredText(
    String text,
    Boolean ended,
    Double reward,
    Boolean satisfied,
    Map<String, Double> scores,
    Integer tokens,
    Double logProb,
    List<String> words,
    Boolean overuse,
    List<String> references,
    Judgement judgement) {

  /**
   * What a judge says.
   *
   * @param tokens of the judge's tokenizer; 0 of a classifier
   * @param logProb of those given the prompt, in nats
   * @param score probability of the class that is asked for; {@code null} of a language model
   */
  public record Judgement(long tokens, double logProb, Double score) {}

  /** Whether it can be held against what others wrote. */
  boolean hasReferences() {
    return text != null && !references.isEmpty();
  }
}
