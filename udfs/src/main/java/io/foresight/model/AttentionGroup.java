package io.foresight.model;

import io.foresight.model.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Sequences that attend together, in one rectangle of queries and one of cached positions: rows of
 * as many queries as the longest extension has, each with as much of the cache as the longest
 * sequence has. What of it is no sequence's own is hidden by a mask. Before that all of them see as
 * much of one prefix, or none of any.
 */
final class AttentionGroup {

  /**
   * What another group costs, in padded query positions: its calls' overhead against the work that
   * it saves.
   */
  private static final int COST = 48;

  /** Share of slots in use from which a group reads a range of slots with idle ones between. */
  private static final double DENSITY = 0.4;

  /** By ascending slot. */
  private final List<PlacedRequest> members;

  private final int window;

  /** Queries of each sequence. */
  final int width;

  /** Cached positions that they see, their own included. */
  final int span;

  /** First slot of the range that is read in place; -1 if slots are picked. */
  final int first;

  /** Sequences, idle ones of the range included. */
  final int slots;

  /** Whether its queries are other than the packed positions as they are. */
  final boolean picksQueries;

  /** Whether some query sees less than the span. */
  final boolean masked;

  /** Whether some query sees more than the window lets it. */
  final boolean windowed;

  /** Whether cells lie at other positions than their own, and a bias depends on that. */
  final boolean placed;

  /** The prefix that they share; {@code null} for none. */
  final SharedPrefix prefix;

  /** Its positions that they see; 0 for none. */
  final int prefixLength;

  /** Whether some query sees less of those. */
  final boolean prefixMasked;

  private AttentionGroup(
      List<PlacedRequest> members, boolean alone, ModelConfig.Attention attention) {
    this.members = new ArrayList<>(members);
    this.members.sort(Comparator.comparingInt(member -> member.slot().index()));
    int widest = 0;
    int longest = 0;
    boolean tree = false;
    boolean narrower = false;
    for (PlacedRequest member : members) {
      narrower |= widest > 0 && member.width() != widest;
      widest = Math.max(widest, member.width());
      longest = Math.max(longest, member.start() + member.width());
      tree |= member.isTree();
    }
    width = widest;
    span = longest;
    int lowest = this.members.get(0).slot().index();
    int range = this.members.get(members.size() - 1).slot().index() - lowest + 1;
    boolean inPlace = members.size() >= DENSITY * range;
    first = inPlace ? lowest : -1;
    slots = inPlace ? range : members.size();
    picksQueries = !alone || slots != members.size() || narrower;
    boolean shorter = false;
    for (PlacedRequest member : members) {
      shorter |= member.start() + member.width() < span;
    }
    masked = width > 1 || tree || shorter;
    window = attention.windowed().contains(true) ? attention.window() : 0;
    windowed = window > 0 && span > window;
    placed = attention.alibi() && tree;
    prefix = members.get(0).prefix();
    prefixLength = members.get(0).shared();
    prefixMasked = members.stream().anyMatch(AttentionGroup::branchesInPrefix);
  }

  private static boolean branchesInPrefix(PlacedRequest member) {
    int[] parents = member.request().parents();
    for (int i = 0; parents != null && i < parents.length; i++) {
      if (parents[i] < 0 && member.seenByRoot(i) < member.shared()) {
        return true;
      }
    }
    return false;
  }

  /** What members see of prefixes is the same. */
  private record Beginning(SharedPrefix prefix, int length) {}

  /** Groups requests, given by ascending slot, by what they share and by their widths. */
  static List<AttentionGroup> of(List<PlacedRequest> requests, ModelConfig.Attention attention) {
    Map<Beginning, List<PlacedRequest>> alike = new LinkedHashMap<>();
    for (PlacedRequest request : requests) {
      alike
          .computeIfAbsent(
              new Beginning(request.prefix(), request.shared()), beginning -> new ArrayList<>())
          .add(request);
    }
    List<List<PlacedRequest>> parts = new ArrayList<>();
    for (List<PlacedRequest> byWidth : alike.values()) {
      byWidth.sort(Comparator.comparingInt(PlacedRequest::width));
      split(byWidth, parts);
    }
    List<AttentionGroup> groups = new ArrayList<>(parts.size());
    for (List<PlacedRequest> part : parts) {
      groups.add(new AttentionGroup(part, parts.size() == 1, attention));
    }
    return groups;
  }

  /** Splits where a narrow rectangle and a wide one hold less padding than a group costs. */
  private static void split(List<PlacedRequest> byWidth, List<List<PlacedRequest>> parts) {
    int size = byWidth.size();
    int width = byWidth.get(size - 1).width();
    int best = -1;
    int bestGain = COST;
    for (int cut = 1; cut < size; cut++) {
      int gain = cut * (width - byWidth.get(cut - 1).width());
      if (gain > bestGain) {
        best = cut;
        bestGain = gain;
      }
    }
    if (best > 0) {
      split(byWidth.subList(0, best), parts);
      split(byWidth.subList(best, size), parts);
    } else {
      parts.add(byWidth);
    }
  }

  /** Whether its slots are picked one by one, which copies what they hold. */
  boolean picksSlots() {
    return first < 0;
  }

  /** Queries of all its rows. */
  int queries() {
    return slots * width;
  }

  /** Cells that its rows see. */
  int cells() {
    return slots * span;
  }

  /** Entries of its masks. */
  long maskEntries() {
    long own = (long) ((masked ? 1 : 0) + (windowed ? 1 : 0)) * queries() * span;
    return own + (prefixMasked ? (long) queries() * prefixLength : 0);
  }

  /** The row that a member has. */
  private int row(int m) {
    return picksSlots() ? m : members.get(m).slot().index() - first;
  }

  /** Fills in, per query of its rows, the packed position that it is; padding repeats one. */
  int[] packedQueries() {
    int[] packed = new int[queries()];
    for (int m = 0; m < members.size(); m++) {
      PlacedRequest member = members.get(m);
      for (int i = 0; i < width; i++) {
        packed[row(m) * width + i] = member.first() + (i < member.width() ? i : 0);
      }
    }
    return packed;
  }

  /** Tells each packed position where among this group's queries, from {@code at} on, it is. */
  void layResults(int[] results, int at) {
    for (int m = 0; m < members.size(); m++) {
      for (int i = 0; i < members.get(m).width(); i++) {
        results[members.get(m).first() + i] = at + row(m) * width + i;
      }
    }
  }

  /** Slots of its rows, where they are picked. */
  int[] pickedSlots() {
    return members.stream().mapToInt(member -> member.slot().index()).toArray();
  }

  /** Positions of the cells that it sees, [slots, span]. */
  int[] seenPlaces() {
    int[] seen = new int[cells()];
    for (int m = 0; m < members.size(); m++) {
      for (int cell = 0; cell < span; cell++) {
        seen[row(m) * span + cell] = members.get(m).place(cell);
      }
    }
    return seen;
  }

  /**
   * Lays its masks, [slots, width, span] each, and that of the prefix, [slots, width,
   * prefixLength]: 0 for what is seen, else -infinity.
   *
   * @return where the next group's begin
   */
  int layMasks(float[] masks, int from) {
    int at = from;
    if (masked) {
      layMask(masks, at);
      at += queries() * span;
    }
    if (windowed) {
      layMask(masks, at);
      narrow(masks, at);
      at += queries() * span;
    }
    if (prefixMasked) {
      layPrefixMask(masks, at);
      at += queries() * prefixLength;
    }
    return at;
  }

  /** Nodes that branch off inside the prefix, and what follows them, see no more of it. */
  private void layPrefixMask(float[] masks, int from) {
    for (int m = 0; m < members.size(); m++) {
      PlacedRequest member = members.get(m);
      int[] parents = member.request().parents();
      int mask = from + row(m) * width * prefixLength;
      for (int i = 0; parents != null && i < member.width(); i++) {
        int at = mask + i * prefixLength;
        if (parents[i] >= 0) {
          System.arraycopy(masks, mask + parents[i] * prefixLength, masks, at, prefixLength);
        } else if (member.seenByRoot(i) < prefixLength) {
          Arrays.fill(masks, at + member.seenByRoot(i), at + prefixLength, Float.NEGATIVE_INFINITY);
        }
      }
    }
  }

  private void layMask(float[] masks, int from) {
    int size = width * span;
    Arrays.fill(masks, from, from + slots * size, Float.NEGATIVE_INFINITY);
    boolean[] busy = new boolean[slots];
    for (int m = 0; m < members.size(); m++) {
      PlacedRequest member = members.get(m);
      busy[row(m)] = true;
      int start = member.start();
      int[] parents = member.request().parents();
      int mask = from + row(m) * size;
      for (int i = 0; i < width; i++) {
        int at = mask + i * span;
        if (i >= member.width()) {
          masks[at] = 0;
        } else if (parents == null) {
          Arrays.fill(masks, at, at + start + i + 1, 0);
        } else {
          if (parents[i] < 0) {
            Arrays.fill(masks, at, at + Math.max(0, start + parents[i] + 1), 0);
          } else {
            System.arraycopy(masks, mask + parents[i] * span, masks, at, span);
          }
          masks[at + start + i] = 0;
        }
      }
    }
    for (int row = 0; row < slots; row++) {
      // An idle slot's result is not used; it sees something, so that no score is taken over
      // nothing.
      for (int i = 0; !busy[row] && i < width; i++) {
        masks[from + row * size + i * span] = 0;
      }
    }
  }

  /** Takes from a mask what lies before the window. */
  private void narrow(float[] masks, int from) {
    for (int m = 0; m < members.size(); m++) {
      PlacedRequest member = members.get(m);
      for (int i = 0; i < member.width(); i++) {
        int at = from + (row(m) * width + i) * span;
        for (int cell = 0; cell < span; cell++) {
          if (member.places()[i] - member.place(cell) >= window) {
            masks[at + cell] = Float.NEGATIVE_INFINITY;
          }
        }
      }
    }
  }
}
