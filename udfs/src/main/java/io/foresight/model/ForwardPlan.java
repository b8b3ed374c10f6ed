package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Scores;
import io.foresight.model.checkpoint.ModelConfig;
import io.foresight.model.text.ModelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * A batched forward's inputs, laid out as {@code causal_lm.py} takes them. Positions of all
 * sequences are packed one after another, so that no matrix product sees padding; only attention
 * works on rectangles, one per group of sequences.
 *
 * <p>Long, since the layout of the arrays that it fills stands in one place.
 */
final class ForwardPlan {

  /**
   * What another attention group costs, in padded query positions: its calls' overhead against the
   * work that it saves.
   */
  private static final int GROUP_COST = 48;

  /** Share of slots in use from which a group reads a range of slots with idle ones between. */
  private static final double DENSITY = 0.4;

  /** Positions per pass of the LM head on the CPU. */
  private static final int HEAD_POSITIONS = 24;

  private static final int LOG_PROBS = 1;
  private static final int ROWS = 2;
  private static final int LOGITS = 3;

  /** Copy of cached positions, as {@code causal_lm.py} takes it. */
  record Copy(int source, int sourceAt, int first, int slots, int at, int count) {

    /** Whether the other copies the same to the slot that follows. */
    boolean precedes(Copy other) {
      return new Copy(source, sourceAt, first + slots, 1, at, count).equals(other);
    }

    Copy oneSlotMore() {
      return new Copy(source, sourceAt, first, slots + 1, at, count);
    }
  }

  private final List<ForwardRequest> extensions;
  private final int[] firstPosition;
  private final List<Group> groups;
  private final int topK;
  private final int gatherWidth;
  private final int detail;
  private final int vocabulary;
  private final int window;

  /** Temperature, top-k and top-p of scores that noise perturbs; none of those that it does not. */
  final double[] sampler;

  /** What the noise of each scored position is computed from; none without noise. */
  final long[] keys;

  /** Of the logits that change: the asked positions, then the ids; none if all stay as they are. */
  final long[] edited;

  /** Their biases, then their penalties. */
  final float[] changes;

  /** Appended positions of all sequences. */
  final int positions;

  /** Positions that are scored. */
  final int asked;

  /** Cached positions that are copied: before, and where attention cannot read in place. */
  final long copiedPositions;

  final long[] plan;
  final long[] whole;
  final float[] masks;

  /**
   * Sequences that attend together.
   *
   * @param members indices of extensions, by ascending slot
   * @param width queries of each
   * @param span cached positions that they see
   * @param first first slot of the range that is read in place; -1 if slots are picked
   * @param slots sequences in the range, idle ones included
   */
  private record Group(int[] members, int width, int span, int first, int slots) {}

  /**
   * Plans a forward.
   *
   * @param extensions by ascending slot; scores are perturbed alike, or none is
   * @param slotPositions positions per slot of the cache
   * @param noted copies to be done before
   * @param config of the model
   * @param wholeHead whether the LM head takes all positions in one pass
   */
  ForwardPlan(
      List<ForwardRequest> extensions,
      int slotPositions,
      List<Copy> noted,
      ModelConfig config,
      boolean wholeHead) {
    List<Copy> copies = merged(noted);
    this.extensions = extensions;
    this.vocabulary = config.vocabulary();
    this.window = config.attention().windowed().contains(true) ? config.attention().window() : 0;
    firstPosition = new int[extensions.size() + 1];
    int askedSoFar = 0;
    int widest = 0;
    int k = 0;
    int most = 0;
    for (int e = 0; e < extensions.size(); e++) {
      ForwardRequest extension = extensions.get(e);
      firstPosition[e + 1] = firstPosition[e] + extension.tokens().length;
      LogitsRequest ask = extension.ask();
      if (extension.asked() > 0) {
        askedSoFar += extension.asked();
        k = Math.max(k, ask.topK());
        most = Math.max(most, ask.rows() ? ROWS : ask.logProbs() ? LOG_PROBS : 0);
        if (ask.gather() != null) {
          for (int[] ids : ask.gather()) {
            widest = Math.max(widest, ids.length);
          }
        }
      }
    }
    positions = firstPosition[extensions.size()];
    asked = askedSoFar;
    topK = k;
    gatherWidth = widest;
    detail = most;
    Noise noise =
        extensions.stream()
            .filter(e -> e.asked() > 0 && e.ask().noise() != null)
            .map(e -> e.ask().noise())
            .findFirst()
            .orElse(null);
    sampler =
        noise == null
            ? new double[0]
            : new double[] {
              noise.sampler().temperature(), noise.sampler().topK(), noise.sampler().topP()
            };
    keys = noise == null ? new long[0] : keys();
    int changing = edits().mapToInt(edit -> edit.ids().length).sum();
    edited = new long[2 * changing];
    changes = new float[2 * changing];
    layEdits();
    groups = groups();
    copiedPositions =
        copies.stream().mapToLong(copy -> (long) copy.slots() * copy.count()).sum()
            + groups.stream()
                .filter(g -> g.first() < 0)
                .mapToLong(g -> (long) g.slots() * g.span())
                .sum();
    boolean picked = groups.size() > 1;
    int pickedQueries = 0;
    int pickedSlots = 0;
    long maskSize = 0;
    boolean[] ragged = new boolean[groups.size()];
    boolean[] masked = new boolean[groups.size()];
    boolean[] windowed = new boolean[groups.size()];
    boolean[] placed = new boolean[groups.size()];
    int placedCells = 0;
    for (int g = 0; g < groups.size(); g++) {
      Group group = groups.get(g);
      ragged[g] = !isPlain(group);
      masked[g] = !seesAll(group);
      picked |= ragged[g];
      pickedQueries += ragged[g] ? group.slots() * group.width() : 0;
      pickedSlots += group.first() < 0 ? group.slots() : 0;
      windowed[g] = outgrowsWindow(group);
      placed[g] = config.attention().alibi() && holdsTree(group);
      placedCells += placed[g] ? group.slots() * group.span() : 0;
      int given = (masked[g] ? 1 : 0) + (windowed[g] ? 1 : 0);
      maskSize += (long) given * group.slots() * group.width() * group.span();
    }
    plan = new long[8 + 6 * copies.size() + 9 * groups.size()];
    plan[0] = positions;
    plan[1] = asked;
    plan[2] = topK;
    plan[3] = gatherWidth;
    plan[4] = detail;
    int passes = wholeHead ? 1 : (asked + HEAD_POSITIONS - 1) / HEAD_POSITIONS;
    plan[5] = asked == 0 ? 1 : (asked + passes - 1) / passes;
    plan[6] = copies.size();
    plan[7] = groups.size();
    int at = 8;
    for (Copy copy : copies) {
      plan[at++] = copy.source();
      plan[at++] = copy.sourceAt();
      plan[at++] = copy.first();
      plan[at++] = copy.slots();
      plan[at++] = copy.at();
      plan[at++] = copy.count();
    }
    whole =
        new long
            [3 * positions
                + asked * (1 + gatherWidth)
                + pickedQueries
                + pickedSlots
                + placedCells
                + (picked ? positions : 0)];
    masks = new float[maskSize(maskSize)];
    layPositions(slotPositions);
    int tail = 3 * positions + asked * (1 + gatherWidth);
    int mask = 0;
    int results = 0;
    int places = whole.length - positions;
    for (int g = 0; g < groups.size(); g++) {
      Group group = groups.get(g);
      plan[at++] = group.slots();
      plan[at++] = group.width();
      plan[at++] = Math.max(group.first(), 0);
      plan[at++] = group.span();
      plan[at++] = ragged[g] ? 1 : 0;
      plan[at++] = group.first() < 0 ? 1 : 0;
      plan[at++] = masked[g] ? 1 : 0;
      plan[at++] = windowed[g] ? 1 : 0;
      plan[at++] = placed[g] ? 1 : 0;
      for (int m = 0; m < group.members().length; m++) {
        int e = group.members()[m];
        int row = row(group, m);
        for (int i = 0; i < group.width(); i++) {
          boolean real = i < extensions.get(e).tokens().length;
          if (ragged[g]) {
            whole[tail + row * group.width() + i] = (long) firstPosition[e] + (real ? i : 0);
          }
          if (picked && real) {
            whole[places + firstPosition[e] + i] = results + (long) row * group.width() + i;
          }
        }
      }
      tail += ragged[g] ? group.slots() * group.width() : 0;
      if (group.first() < 0) {
        for (int member : group.members()) {
          whole[tail++] = slot(member).index();
        }
      }
      if (placed[g]) {
        layPlaces(group, tail);
        tail += group.slots() * group.span();
      }
      int size = group.slots() * group.width() * group.span();
      if (masked[g]) {
        layMask(group, mask);
        mask += size;
      }
      if (windowed[g]) {
        layMask(group, mask);
        narrow(group, mask);
        mask += size;
      }
      results += group.slots() * group.width();
    }
  }

  /** Forks of one sequence into slots in a row become one copy. */
  private static List<Copy> merged(List<Copy> copies) {
    List<Copy> merged = new ArrayList<>();
    for (Copy copy : copies) {
      Copy last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (last != null && last.precedes(copy)) {
        merged.set(merged.size() - 1, last.oneSlotMore());
      } else {
        merged.add(copy);
      }
    }
    return merged;
  }

  private static int maskSize(long wanted) {
    if (wanted > Integer.MAX_VALUE) {
      throw new ModelException(
          "Cannot run a forward whose attention mask has %d entries: an array holds %d. Set a smaller decoding.batch."
              .formatted(wanted, Integer.MAX_VALUE));
    }
    return (int) wanted;
  }

  private ModelSession.Slot slot(int extension) {
    return (ModelSession.Slot) extensions.get(extension).sequence();
  }

  /** The row of a group's rectangle that its m-th member has. */
  private int row(Group group, int m) {
    return group.first() < 0 ? m : slot(group.members()[m]).index() - group.first();
  }

  /** Whether a group's queries are the packed positions as they are. */
  private boolean isPlain(Group group) {
    int[] members = group.members();
    return groups.size() == 1
        && group.slots() == members.length
        && Arrays.stream(members).allMatch(e -> extensions.get(e).tokens().length == group.width());
  }

  /** Whether every query of a group sees its whole span, so that it needs no mask. */
  private boolean seesAll(Group group) {
    return group.width() == 1
        && Arrays.stream(group.members())
            .allMatch(
                e -> slot(e).length() + 1 == group.span() && extensions.get(e).parents() == null);
  }

  /** Whether some query of a group sees more than the window lets it. */
  private boolean outgrowsWindow(Group group) {
    return window > 0
        && Arrays.stream(group.members())
            .anyMatch(e -> slot(e).length() + extensions.get(e).tokens().length > window);
  }

  private boolean holdsTree(Group group) {
    return Arrays.stream(group.members()).anyMatch(e -> extensions.get(e).parents() != null);
  }

  /** Position of the token in a cell of a sequence's slot, once it is extended. */
  private int place(int e, int cell) {
    int start = slot(e).length();
    int i = cell - start;
    return i < 0 || i >= extensions.get(e).tokens().length
        ? cell
        : (int) whole[positions + firstPosition[e] + i];
  }

  /** Positions of the cells that a group sees. */
  private void layPlaces(Group group, int from) {
    for (int m = 0; m < group.members().length; m++) {
      int at = from + row(group, m) * group.span();
      for (int cell = 0; cell < group.span(); cell++) {
        whole[at + cell] = place(group.members()[m], cell);
      }
    }
  }

  /** Takes from a mask what lies before the window. */
  private void narrow(Group group, int from) {
    for (int m = 0; m < group.members().length; m++) {
      int e = group.members()[m];
      for (int i = 0; i < extensions.get(e).tokens().length; i++) {
        int at = from + (row(group, m) * group.width() + i) * group.span();
        int own = place(e, slot(e).length() + i);
        for (int cell = 0; cell < group.span(); cell++) {
          if (own - place(e, cell) >= window) {
            masks[at + cell] = Float.NEGATIVE_INFINITY;
          }
        }
      }
    }
  }

  private List<Group> groups() {
    Integer[] byWidth = new Integer[extensions.size()];
    Arrays.setAll(byWidth, i -> i);
    Arrays.sort(
        byWidth,
        (a, b) ->
            Integer.compare(extensions.get(a).tokens().length, extensions.get(b).tokens().length));
    List<Group> found = new ArrayList<>();
    split(byWidth, 0, byWidth.length, found);
    return found;
  }

  /** Splits where a narrow rectangle and a wide one hold less padding than a group costs. */
  private void split(Integer[] byWidth, int from, int to, List<Group> found) {
    int width = extensions.get(byWidth[to - 1]).tokens().length;
    int best = -1;
    int bestGain = GROUP_COST;
    for (int cut = from + 1; cut < to; cut++) {
      int gain = (cut - from) * (width - extensions.get(byWidth[cut - 1]).tokens().length);
      if (gain > bestGain) {
        best = cut;
        bestGain = gain;
      }
    }
    if (best > 0) {
      split(byWidth, from, best, found);
      split(byWidth, best, to, found);
      return;
    }
    int[] members = new int[to - from];
    int span = 0;
    for (int i = 0; i < members.length; i++) {
      members[i] = byWidth[from + i];
      span = Math.max(span, slot(members[i]).length() + extensions.get(members[i]).tokens().length);
    }
    Arrays.sort(members);
    int first = slot(members[0]).index();
    int range = slot(members[members.length - 1]).index() - first + 1;
    boolean inPlace = members.length >= DENSITY * range;
    found.add(
        new Group(members, width, span, inPlace ? first : -1, inPlace ? range : members.length));
  }

  private void layPositions(int slotPositions) {
    int a = 3 * positions;
    for (int e = 0; e < extensions.size(); e++) {
      ForwardRequest extension = extensions.get(e);
      int start = slot(e).length();
      int[] parents = extension.parents();
      for (int i = 0; i < extension.tokens().length; i++) {
        int at = firstPosition[e] + i;
        whole[at] = extension.tokens()[i];
        if (parents == null) {
          whole[positions + at] = (long) start + i;
        } else if (parents[i] < 0) {
          // -1 follows the last cached token, -2 the one before it.
          whole[positions + at] = (long) start + parents[i] + 1;
        } else {
          whole[positions + at] = whole[positions + firstPosition[e] + parents[i]] + 1;
        }
        whole[2 * positions + at] = (long) slot(e).index() * slotPositions + start + i;
        if (i >= extension.ask().from()) {
          whole[a++] = at;
        }
      }
    }
    for (ForwardRequest extension : extensions) {
      for (int i = 0; i < extension.asked(); i++) {
        int[][] wanted = extension.ask().gather();
        int[] ids = wanted == null ? new int[0] : wanted[i];
        for (int g = 0; g < gatherWidth; g++) {
          whole[a++] = g < ids.length ? ids[g] : 0;
        }
      }
    }
  }

  private void layMask(Group group, int from) {
    int size = group.width() * group.span();
    Arrays.fill(masks, from, from + group.slots() * size, Float.NEGATIVE_INFINITY);
    boolean[] busy = new boolean[group.slots()];
    for (int m = 0; m < group.members().length; m++) {
      ForwardRequest extension = extensions.get(group.members()[m]);
      int row = row(group, m);
      busy[row] = true;
      int start = slot(group.members()[m]).length();
      int[] parents = extension.parents();
      for (int i = 0; i < group.width(); i++) {
        int at = from + row * size + i * group.span();
        if (i >= extension.tokens().length) {
          masks[at] = 0;
        } else if (parents == null) {
          Arrays.fill(masks, at, at + start + i + 1, 0);
        } else {
          if (parents[i] < 0) {
            Arrays.fill(masks, at, at + start + parents[i] + 1, 0);
          } else {
            System.arraycopy(
                masks, from + row * size + parents[i] * group.span(), masks, at, group.span());
          }
          masks[at + start + i] = 0;
        }
      }
    }
    for (int row = 0; row < busy.length; row++) {
      // An idle slot's result is not used; it sees something, so that no score is taken over
      // nothing.
      for (int i = 0; !busy[row] && i < group.width(); i++) {
        masks[from + row * size + i * group.span()] = 0;
      }
    }
  }

  /** Has the forward return logits as they are, [asked positions, outputs]; of one use. */
  void askForLogits() {
    plan[4] = LOGITS;
  }

  /** Of each asked position, in order. */
  private Stream<LogitsEdit> edits() {
    return extensions.stream()
        .flatMap(
            e ->
                e.asked() > 0 && e.ask().edits() != null
                    ? Arrays.stream(e.ask().edits())
                    : Collections.nCopies(e.asked(), LogitsEdit.NONE).stream());
  }

  private void layEdits() {
    int changing = changes.length / 2;
    int position = 0;
    int at = 0;
    for (LogitsEdit edit : changing == 0 ? List.<LogitsEdit>of() : edits().toList()) {
      for (int i = 0; i < edit.ids().length; i++, at++) {
        edited[at] = position;
        edited[changing + at] = edit.ids()[i];
        changes[at] = edit.biases()[i];
        changes[changing + at] = edit.penalties()[i];
      }
      position++;
    }
  }

  private long[] keys() {
    return extensions.stream()
        .filter(e -> e.asked() > 0)
        .flatMapToLong(
            e -> Arrays.stream(e.ask().places()).mapToLong(place -> e.ask().noise().key(place)))
        .toArray();
  }

  private int gaps() {
    return Math.min(Math.max(topK, 1), vocabulary - 1);
  }

  private int columns() {
    int further = 1 + 2 * topK + gatherWidth + (detail == ROWS ? vocabulary : 0);
    if (sampler.length > 0) {
      further += 1 + topK + gatherWidth;
    }
    return 1 + gaps() + (detail == 0 ? 0 : further);
  }

  /** Whether a forward's result says that all scores were numbers. */
  boolean isFinite(float[] result) {
    for (int row = 0; row < Math.max(1, asked); row++) {
      if (Float.isNaN(result[row * columns()])) {
        return false;
      }
    }
    return true;
  }

  /** Takes the forward's result apart. */
  List<Scores> scores(float[] result) {
    int gaps = gaps();
    int columns = columns();
    List<Scores> scores = new ArrayList<>();
    int row = 0;
    for (ForwardRequest extension : extensions) {
      int n = extension.asked();
      LogitsRequest ask = extension.ask();
      int[] best = new int[n];
      float[] logProb = new float[n];
      float[] score = sampler.length > 0 ? new float[n] : logProb;
      float[] margin = new float[n];
      int[][] topIds = ask.topK() > 0 ? new int[n][ask.topK()] : null;
      float[][] topLogProbs = ask.topK() > 0 ? new float[n][] : null;
      float[][] topScores = ask.topK() > 0 && sampler.length > 0 ? new float[n][] : topLogProbs;
      float[][] named = ask.gather() != null ? new float[n][] : null;
      float[][] namedScores = named != null && sampler.length > 0 ? new float[n][] : named;
      float[][] rowsOf = ask.rows() ? new float[n][] : null;
      for (int i = 0; i < n; i++, row++) {
        int at = row * columns;
        best[i] = (int) result[at];
        // Whatever the neighbours asked for, the margin is that of this extension's own choices.
        margin[i] = result[at + 1];
        for (int k = 2; k <= Math.min(ask.topK(), gaps); k++) {
          margin[i] = Math.min(margin[i], result[at + k]);
        }
        at += 1 + gaps;
        logProb[i] = ask.logProbs() ? result[at] : Float.NaN;
        at++;
        if (topIds != null) {
          for (int k = 0; k < ask.topK(); k++) {
            topIds[i][k] = (int) result[at + k];
          }
          topLogProbs[i] = Arrays.copyOfRange(result, at + topK, at + topK + ask.topK());
        }
        at += 2 * topK;
        if (named != null) {
          named[i] = Arrays.copyOfRange(result, at, at + ask.gather()[i].length);
        }
        at += gatherWidth;
        if (rowsOf != null) {
          rowsOf[i] = Arrays.copyOfRange(result, at, at + vocabulary);
        }
        at += detail == ROWS ? vocabulary : 0;
        if (sampler.length > 0) {
          score[i] = ask.logProbs() ? result[at] : Float.NaN;
          at++;
          if (topScores != null) {
            topScores[i] = Arrays.copyOfRange(result, at, at + ask.topK());
          }
          at += topK;
          if (namedScores != null) {
            namedScores[i] = Arrays.copyOfRange(result, at, at + named[i].length);
          }
        }
      }
      scores.add(
          new Scores(
              best,
              logProb,
              score,
              topIds,
              topLogProbs,
              topScores,
              named,
              namedScores,
              rowsOf,
              margin));
    }
    return scores;
  }
}
