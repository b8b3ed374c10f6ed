package io.foresight.decoding.hypothesis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * A model's greedy continuation of some base as far as it is known, and what else was scored beside
 * it: the draft that came last, accepted or not, so that a base which goes on along that draft need
 * not be scored again.
 */
final class GreedyPath {

  private final IntPredicate ends;
  private final List<TokenScores> known = new ArrayList<>();
  private int[] draft = {};
  private List<TokenScores> draftScores = List.of();

  /**
   * Nothing is known.
   *
   * @param ends ids that end a sequence
   */
  GreedyPath(IntPredicate ends) {
    this.ends = ends;
  }

  /** The same knowledge, to go on from by itself. */
  GreedyPath copy() {
    GreedyPath copy = new GreedyPath(ends);
    copy.become(this);
    return copy;
  }

  /** Knows what the other does, and nothing else. */
  void become(GreedyPath other) {
    restart(other.scores());
    draft = other.draft;
    draftScores = other.draftScores;
  }

  /** Knows {@code scores} and nothing else. */
  void restart(List<TokenScores> scores) {
    List<TokenScores> copy = List.copyOf(scores);
    known.clear();
    known.addAll(copy);
    forgetDraft();
  }

  /** Scores of each known token; a copy. */
  List<TokenScores> scores() {
    return List.copyOf(known);
  }

  int size() {
    return known.size();
  }

  /** The first {@code count} known ids, or fewer if fewer are known. */
  int[] ids(int count) {
    return known.stream().limit(count).mapToInt(TokenScores::id).toArray();
  }

  /** Number of leading {@code tokens} that are known to be the greedy ones. */
  int agreement(int[] tokens) {
    return Ids.common(tokens, ids(tokens.length));
  }

  /** Whether {@code count} tokens are known, or all up to an end. */
  boolean reaches(int count) {
    return known.size() >= count
        || (!known.isEmpty() && ends.test(known.get(known.size() - 1).id()));
  }

  /** Scores after the leading {@code tokens} that are greedy, as far as they are known. */
  List<TokenScores> along(int[] tokens) {
    return List.copyOf(known.subList(0, Math.min(agreement(tokens) + 1, known.size())));
  }

  /** The base grows by {@code tokens}; what is known stays where they are the greedy ones. */
  void advance(int... tokens) {
    int agreed = agreement(tokens);
    if (Ids.common(tokens, draft) == tokens.length) {
      draft = Arrays.copyOfRange(draft, tokens.length, draft.length);
      int scored = draftScores.size();
      draftScores = draftScores.subList(Math.min(tokens.length, scored), scored);
    } else {
      forgetDraft();
    }
    if (agreed == tokens.length) {
      known.subList(0, agreed).clear();
    } else {
      // A draft token that was not the greedy one was scored all the same.
      known.clear();
      learn(draft, draftScores);
    }
  }

  /** Forgets what is beyond the first {@code count} tokens. */
  void forget(int count) {
    known.subList(Math.min(count, known.size()), known.size()).clear();
    forgetDraft();
  }

  private void forgetDraft() {
    draft = new int[0];
    draftScores = List.of();
  }

  /** Learns the token after all that is known. */
  void add(TokenScores next) {
    known.add(next);
  }

  /** Learns more of the first token; another one than before makes the rest unknown. */
  void first(TokenScores next) {
    if (known.isEmpty() || known.get(0).id() != next.id()) {
      known.clear();
      known.add(next);
    } else {
      known.set(0, next);
    }
  }

  /**
   * Learns from the scores after the base and after each of {@code tokens}, whether they are the
   * greedy ones or not.
   */
  void scored(int[] tokens, List<TokenScores> scores) {
    if (agreement(tokens) == known.size()) {
      int from = known.size();
      learn(Arrays.copyOfRange(tokens, from, tokens.length), scores.subList(from, scores.size()));
    }
    draft = tokens;
    draftScores = scores;
  }

  /** Adds to what is known as far as {@code tokens}, which follow that, are the greedy ones. */
  private void learn(int[] tokens, List<TokenScores> scores) {
    for (int i = 0; i < scores.size(); i++) {
      known.add(scores.get(i));
      if (i < tokens.length && tokens[i] != scores.get(i).id()) {
        return;
      }
    }
  }

  TokenScores get(int i) {
    return known.get(i);
  }
}
