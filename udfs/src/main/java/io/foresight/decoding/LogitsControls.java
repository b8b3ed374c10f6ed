package io.foresight.decoding;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The usual rules, with the meaning that transformers gives them (its logits processors, in its
 * order: biases, repetition penalty, repeated n-grams, excluded ids, least length). Immutable.
 *
 * @param minNewTokens EOS is excluded before so many tokens were generated
 * @param repetitionPenalty of ids that the prompt or the text has; above 0, 1 for none
 * @param noRepeatNgram n of n-grams that prompt and text together have once at most; 0 for none
 * @param biases of ids; -infinity excludes one
 */
public record LogitsControls(
    int minNewTokens, double repetitionPenalty, int noRepeatNgram, Map<Integer, Float> biases) {

  /** Copies. */
  public LogitsControls {
    biases = Map.copyOf(biases);
  }

  /** Whether they change nothing. */
  public boolean areNone() {
    return minNewTokens == 0 && repetitionPenalty == 1 && noRepeatNgram == 0 && biases.isEmpty();
  }

  /**
   * The rules of one row.
   *
   * @param promptLength tokens of its prompt
   * @param eos ids that end a text
   */
  public LogitsRules of(int promptLength, int[] eos) {
    return areNone() ? LogitsRules.NONE : path -> at(path, promptLength, eos);
  }

  private LogitsEdit at(int[] path, int promptLength, int[] eos) {
    Map<Integer, Float> all = new TreeMap<>(biases);
    Set<Integer> penalised = new HashSet<>();
    if (repetitionPenalty != 1) {
      for (int id : path) {
        penalised.add(id);
        all.putIfAbsent(id, 0f);
      }
    }
    if (noRepeatNgram > 0) {
      for (int id : repeating(path)) {
        all.put(id, Float.NEGATIVE_INFINITY);
      }
    }
    if (path.length - promptLength < minNewTokens) {
      for (int id : eos) {
        all.put(id, Float.NEGATIVE_INFINITY);
      }
    }
    int[] ids = all.keySet().stream().mapToInt(Integer::intValue).toArray();
    float[] of = new float[ids.length];
    float[] penalties = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      of[i] = all.get(ids[i]);
      penalties[i] = penalised.contains(ids[i]) ? (float) repetitionPenalty : 1;
    }
    return new LogitsEdit(ids, of, penalties);
  }

  /** Ids that would make the last n - 1 of a path an n-gram that it has already. */
  private int[] repeating(int[] path) {
    int before = noRepeatNgram - 1;
    if (path.length < before) {
      return new int[0];
    }
    int[] last = Arrays.copyOfRange(path, path.length - before, path.length);
    Set<Integer> found = new HashSet<>();
    for (int i = 0; i + before < path.length; i++) {
      if (Arrays.equals(path, i, i + before, last, 0, before)) {
        found.add(path[i + before]);
      }
    }
    return found.stream().mapToInt(Integer::intValue).toArray();
  }
}
