package io.foresight.engine;

import io.foresight.decoding.Counters;
import io.foresight.decoding.RowFault;
import java.util.List;
import java.util.Map;

/**
 * One row's result; of an error row only {@code status}, {@code error}, {@code counters} (all zero)
 * and {@code millis} say something, the rest is null.
 *
 * @param output generated text
 * @param reward reward of the finished text; {@code null} if no reward judged it
 * @param scores score per reward, and per part of it
 * @param satisfied whether every hard reward reaches its threshold, however the text ended; {@code
 *     null} if no hard reward judged it
 * @param status error; else truncated, if the text did not end by itself; else unsatisfied, if
 *     {@code satisfied} is false; else ok
 * @param error what went wrong and what to do
 * @param errorKind the kind of fault, as {@link RowFault.Kind#spelling} has it
 * @param tokens generated tokens, EOS included
 * @param logProb their log-probability under p, natural logarithm
 * @param counters what the decoding took
 * @param millis wall time of the row
 * @param outputs all texts that the strategy had, as {@link
 *     io.foresight.decoding.DecodingSettings#OUTPUTS} says; {@code null} unless they were asked for
 */
public record RowResult(
    String output,
    Double reward,
    Map<String, Double> scores,
    Boolean satisfied,
    String status,
    String error,
    String errorKind,
    Integer tokens,
    Double logProb,
    Counters counters,
    long millis,
    List<Output> outputs) {

  /**
   * One text of several.
   *
   * @param text generated text
   * @param reward as the row's
   * @param scores as the row's
   * @param satisfied as the row's
   * @param tokens as the row's
   * @param logProb as the row's
   */
  public record Output(
      String text,
      Double reward,
      Map<String, Double> scores,
      Boolean satisfied,
      int tokens,
      double logProb) {}
}
