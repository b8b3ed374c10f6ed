package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Sequence;
import io.foresight.model.checkpoint.ModelConfig;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What a forward may be asked for: native code tells nobody what was wrong with a request.
 *
 * @param session whose requests they are
 * @param config of its model
 */
record RequestCheck(ModelSession session, ModelConfig config) {

  /**
   * Requires what {@link ModelSession#extend} asks for.
   *
   * @throws IllegalArgumentException if a request cannot be one of the session's
   */
  void require(List<ForwardRequest> extensions) {
    if (extensions.isEmpty()) {
      throw new IllegalArgumentException("Cannot extend no sequence: give at least one.");
    }
    Set<Sequence> seen = new HashSet<>();
    for (ForwardRequest extension : extensions) {
      int length = 0;
      if (!extension.isAlone()) {
        if (!(extension.sequence() instanceof ModelSession.Slot slot) || !slot.isOpenIn(session)) {
          throw new IllegalArgumentException(
              "Cannot extend a sequence that is closed or of another session.");
        }
        if (!seen.add(slot)) {
          throw new IllegalArgumentException("Cannot extend a sequence twice in one forward.");
        }
        if (slot.hasTree()) {
          throw new IllegalArgumentException(
              "Cannot extend a sequence whose tree is not settled: call keep or truncate first.");
        }
        length = slot.length();
      }
      int[] tokens = extension.tokens();
      if (tokens.length == 0 || length + deepest(extension) > config.context()) {
        throw new IllegalArgumentException(
            "Cannot extend a sequence of "
                + length
                + " tokens by "
                + tokens.length
                + ": the context holds "
                + config.context()
                + ".");
      }
      for (int id : tokens) {
        if (id < 0 || id >= config.vocabulary()) {
          throw new IllegalArgumentException(
              "Cannot extend by token " + id + ": ids are 0 to " + (config.vocabulary() - 1) + ".");
        }
      }
      require(extension.ask(), extension.asked());
      int[] parents = extension.parents();
      for (int i = 0; parents != null && i < tokens.length; i++) {
        if (parents.length != tokens.length || parents[i] >= i || -1 - parents[i] > length) {
          throw new IllegalArgumentException(
              "Cannot extend by a tree with parents "
                  + Arrays.toString(parents)
                  + ": each must precede its node, or be -1 - m to follow all but the last m of "
                  + length
                  + " tokens.");
        }
      }
    }
  }

  private void require(LogitsRequest ask, int asked) {
    int outputs = config.head().outputs();
    int most = outputs < config.vocabulary() ? outputs - 1 : outputs;
    boolean valid = ask.topK() >= 0 && ask.topK() <= most;
    valid &= ask.places() == null || ask.places().length == asked;
    valid &= ask.edits() == null || ask.edits().length == asked;
    if (ask.gather() != null && asked > 0) {
      valid &= ask.gather().length == asked;
      for (int[] ids : ask.gather()) {
        for (int id : ids) {
          valid &= id >= 0 && id < config.vocabulary();
        }
      }
    }
    if (!valid) {
      throw new IllegalArgumentException(
          "Cannot score %d positions: ask for at most %d top ids, and for ids of the vocabulary, a list per position, and give the place of each for noise, and what becomes of its logits."
              .formatted(asked, most));
    }
  }

  /**
   * By how many tokens the longest path of an extension outgrows the sequence: a tree's branches
   * share the context's places, and may leave the sequence before its end.
   */
  private static int deepest(ForwardRequest extension) {
    int[] parents = extension.parents();
    if (parents == null) {
      return extension.tokens().length;
    }
    int[] depths = new int[parents.length];
    int deepest = 0;
    for (int i = 0; i < parents.length; i++) {
      depths[i] = (parents[i] < 0 ? parents[i] + 1 : parents[i] < i ? depths[parents[i]] : 0) + 1;
      deepest = Math.max(deepest, depths[i]);
    }
    return deepest;
  }
}
