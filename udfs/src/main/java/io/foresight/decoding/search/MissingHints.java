package io.foresight.decoding.search;

import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.TokenScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The hints that texts of a row lack, and what they will take: hints of which one makes the others
 * superfluous, as the forms of a word do, are a group, and a group takes the highest score that p
 * gave to one of them at any place so far.
 */
final class MissingHints {

  /** What a hint takes of which nothing is known, in nats; and the most that any one takes. */
  private static final double UNKNOWN = -12;

  /** Estimates are multiples of this, in nats, so that they do not depend on rounding. */
  private static final double STEP = 0.25;

  private final DecodingRow row;
  private final boolean hinted;
  private final List<int[]> all;
  private final Set<List<Integer>> known;
  private final List<Set<List<Integer>>> groups = new ArrayList<>();
  private final double[] costs;

  /** Asks the reward for the hints of what was generated so far; none unless {@code hinted}. */
  MissingHints(DecodingRow row, boolean hinted) {
    this.row = row;
    this.hinted = hinted;
    all = hinted ? row.hints() : List.of();
    known = boxed(all);
    Set<Set<List<Integer>>> found = new LinkedHashSet<>();
    for (int[] hint : all) {
      Set<List<Integer>> superfluous = new HashSet<>(known);
      superfluous.removeAll(boxed(row.hints(hint)));
      if (!superfluous.isEmpty()) {
        found.add(superfluous);
      }
    }
    groups.addAll(found);
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
      double highest = highest(groups.get(i), next);
      if (highest + p.nearTie() < costs[i] + STEP) {
        continue;
      }
      if (nearStep(highest, p.nearTie())) {
        row.nearTie();
        highest = highest(groups.get(i), p.settled(next, path));
      }
      costs[i] = Math.max(costs[i], Math.floor(highest / STEP) * STEP);
    }
  }

  private static double highest(Set<List<Integer>> group, TokenScores next) {
    double highest = UNKNOWN;
    for (List<Integer> hint : group) {
      double score = next.scoreOf(hint.get(0));
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

  /** What the groups will take of which {@code hints} has all, in nats, at most 0 without noise. */
  double cost(List<int[]> hints) {
    Set<List<Integer>> lacking = boxed(hints);
    double cost = 0;
    for (int i = 0; i < costs.length; i++) {
      cost += lacking.containsAll(groups.get(i)) ? costs[i] : 0;
    }
    return cost;
  }

  /** What the group of a hint will take; 0 if it is in none. */
  double cost(int... hint) {
    for (int i = 0; i < costs.length; i++) {
      if (groups.get(i).contains(boxed(hint))) {
        return costs[i];
      }
    }
    return 0;
  }
}
