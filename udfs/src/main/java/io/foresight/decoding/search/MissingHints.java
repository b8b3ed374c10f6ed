package io.foresight.decoding.search;

import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.TokenScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The hints that texts of a row lack, and what they will take: hints of which one makes the others
 * superfluous, as the forms of a word do, are a group, and a group takes the highest score that p
 * gave to one that ends it at any place so far. A form that several words share ends the groups of
 * all of them, and makes none of its own.
 */
final class MissingHints {

  /** What a hint takes of which nothing is known, in nats; and the most that any one takes. */
  private static final double UNKNOWN = -12;

  /** Estimates are multiples of this, in nats, so that they do not depend on rounding. */
  private static final double STEP = 0.25;

  /** Hints up to which groups are made of them: the reward is asked for what follows each. */
  private static final int MOST = 1000;

  private final DecodingRow row;
  private final boolean hinted;
  private final List<int[]> all;
  private final Set<List<Integer>> known;
  private final List<Set<List<Integer>>> groups = new ArrayList<>();

  /** For each hint the groups that it ends. */
  private final Map<List<Integer>, BitSet> ended = new HashMap<>();

  private final double[] costs;

  /** Asks the reward for the hints of what was generated so far; none unless {@code hinted}. */
  MissingHints(DecodingRow row, boolean hinted) {
    this.row = row;
    this.hinted = hinted;
    all = hinted ? row.hints() : List.of();
    known = boxed(all);
    Map<List<Integer>, Set<List<Integer>>> superfluous = new LinkedHashMap<>();
    if (all.size() <= MOST) {
      for (int[] hint : all) {
        Set<List<Integer>> of = new HashSet<>(known);
        of.removeAll(boxed(row.hints(hint)));
        if (!of.isEmpty()) {
          superfluous.put(boxed(hint), of);
        }
      }
    }
    Set<Set<List<Integer>>> found = new LinkedHashSet<>(superfluous.values());
    for (Set<List<Integer>> group : found) {
      if (found.stream().noneMatch(other -> other != group && group.containsAll(other))) {
        groups.add(group);
      }
    }
    superfluous.forEach(
        (hint, of) -> {
          BitSet ends = new BitSet();
          for (int i = 0; i < groups.size(); i++) {
            ends.set(i, !Collections.disjoint(groups.get(i), of));
          }
          ended.put(hint, ends);
        });
    costs = new double[groups.size()];
    Arrays.fill(costs, UNKNOWN);
  }

  private static Set<List<Integer>> boxed(List<int[]> hints) {
    Set<List<Integer>> set = new HashSet<>();
    hints.forEach(hint -> set.add(boxed(hint)));
    return set;
  }

  private static List<Integer> boxed(int... hint) {
    return Arrays.stream(hint).boxed().toList();
  }

  /** All ids of all hints, each once. */
  int[] ids() {
    return all.stream().flatMapToInt(IntStream::of).distinct().toArray();
  }

  /** The hints of what was generated and {@code text}, of those that p's scores are known of. */
  List<int[]> after(int... text) {
    return hinted
        ? row.hints(text).stream().filter(hint -> known.contains(boxed(hint))).toList()
        : List.of();
  }

  /** Learns from p's scores of what may follow {@code path}, a text from the prompt on. */
  void observe(Hypothesis p, TokenScores next, int... path) {
    if (groups.isEmpty() || !row.startsWord(next.id())) {
      return;
    }
    for (int i = 0; i < costs.length; i++) {
      double highest = highest(i, next);
      if (highest + p.nearTie() < costs[i] + STEP) {
        continue;
      }
      if (nearStep(highest, p.nearTie())) {
        row.nearTie();
        highest = highest(i, p.settled(next, path));
      }
      costs[i] = Math.max(costs[i], Math.floor(highest / STEP) * STEP);
    }
  }

  private double highest(int group, TokenScores next) {
    double highest = UNKNOWN;
    for (Map.Entry<List<Integer>, BitSet> hint : ended.entrySet()) {
      double score = hint.getValue().get(group) ? next.scoreOf(hint.getKey().get(0)) : Double.NaN;
      // Not max, by which one that is unknown would be the highest.
      if (score > highest) {
        highest = score;
      }
    }
    return highest;
  }

  private static boolean nearStep(double score, double nearTie) {
    return Math.abs(score / STEP - Math.rint(score / STEP)) * STEP < nearTie;
  }

  /** The groups of which {@code hints} has all. */
  BitSet groups(List<int[]> hints) {
    Set<List<Integer>> lacking = boxed(hints);
    BitSet of = new BitSet();
    for (int i = 0; i < costs.length; i++) {
      of.set(i, lacking.containsAll(groups.get(i)));
    }
    return of;
  }

  /** Those of some groups that a hint does not end. */
  BitSet without(BitSet some, int... hint) {
    BitSet left = (BitSet) some.clone();
    left.andNot(ended.getOrDefault(boxed(hint), new BitSet()));
    return left;
  }

  /** What groups will take, in nats, at most 0 without noise. */
  double cost(BitSet some) {
    return some.stream().mapToDouble(i -> costs[i]).sum();
  }
}
