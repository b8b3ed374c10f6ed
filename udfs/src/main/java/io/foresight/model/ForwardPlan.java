package io.foresight.model;

import ai.djl.pytorch.engine.PtNDArray;
import io.foresight.decoding.Ask;
import io.foresight.decoding.Extension;
import io.foresight.decoding.Scores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A batched forward's inputs, laid out as {@code causal_lm.py} takes them. */
final class ForwardPlan {
  final int rows;
  final int width;
  final long[] ids;
  final long[] start;
  final long[] slots;
  final boolean consecutive;
  final long[] depth;
  final long[] seen;
  final long[] asked;
  final int topK;
  final long[] gather;
  final int gatherWidth;
  final boolean wantRows;

  ForwardPlan(List<Extension> extensions, int width) {
    this.rows = extensions.size();
    this.width = width;
    ids = new long[rows * width];
    start = new long[rows];
    slots = new long[rows];
    boolean tree = extensions.stream().anyMatch(e -> e.parents() != null);
    depth = new long[tree ? rows * width : 0];
    seen = new long[tree ? rows * width * width : 0];
    asked = new long[extensions.stream().mapToInt(Extension::asked).sum()];
    topK =
        extensions.stream()
            .filter(e -> e.asked() > 0)
            .mapToInt(e -> e.ask().topK())
            .max()
            .orElse(0);
    wantRows = extensions.stream().anyMatch(e -> e.asked() > 0 && e.ask().rows());
    gatherWidth =
        extensions.stream()
            .filter(e -> e.ask().gather() != null)
            .flatMap(e -> Arrays.stream(e.ask().gather()))
            .mapToInt(g -> g.length)
            .max()
            .orElse(0);
    gather = new long[asked.length * gatherWidth];
    boolean run = true;
    int a = 0;
    for (int row = 0; row < rows; row++) {
      Extension extension = extensions.get(row);
      ModelSession.Slot slot = (ModelSession.Slot) extension.sequence();
      start[row] = slot.length();
      slots[row] = slot.index();
      run &= row == 0 || slots[row] == slots[row - 1] + 1;
      for (int i = 0; i < extension.tokens().length; i++) {
        ids[row * width + i] = extension.tokens()[i];
      }
      for (int i = extension.ask().from(); i < extension.tokens().length; i++) {
        int[][] wanted = extension.ask().gather();
        if (wanted != null) {
          int[] one = wanted[i - extension.ask().from()];
          for (int g = 0; g < one.length; g++) {
            gather[a * gatherWidth + g] = one[g];
          }
        }
        asked[a++] = (long) row * width + i;
      }
      if (tree) {
        layTree(row, extension);
      }
    }
    consecutive = run;
  }

  /**
   * Each node sees itself and what its parent sees; padding sees itself, so that no score is taken
   * over nothing.
   */
  private void layTree(int row, Extension extension) {
    for (int i = 0; i < width; i++) {
      boolean real = i < extension.tokens().length;
      int parent = !real ? -1 : extension.parents() == null ? i - 1 : extension.parents()[i];
      int at = (row * width + i) * width;
      if (parent >= 0) {
        depth[row * width + i] = depth[row * width + parent] + 1;
        System.arraycopy(seen, (row * width + parent) * width, seen, at, width);
      }
      seen[at + i] = 1;
    }
  }

  List<Scores> scores(List<Extension> extensions, PtNDArray[] results, int vocabulary) {
    long[] argmax = results[0].toLongArray();
    float[] argmaxLogProb = results[1].toFloatArray();
    long[] top = topK > 0 ? results[2].toLongArray() : null;
    float[] topScores = topK > 0 ? results[3].toFloatArray() : null;
    float[] gathered = gatherWidth > 0 ? results[4].toFloatArray() : null;
    float[] full = wantRows ? results[5].toFloatArray() : null;
    float[] margin = results[6].toFloatArray();
    List<Scores> scores = new ArrayList<>();
    int from = 0;
    for (Extension extension : extensions) {
      int n = extension.asked();
      Ask ask = extension.ask();
      int[] best = new int[n];
      int[][] topIds = ask.topK() > 0 ? new int[n][ask.topK()] : null;
      float[][] topLogProbs = ask.topK() > 0 ? new float[n][] : null;
      float[][] named = ask.gather() != null ? new float[n][] : null;
      float[][] rowsOf = ask.rows() ? new float[n][] : null;
      for (int i = 0; i < n; i++) {
        int at = from + i;
        best[i] = (int) argmax[at];
        if (topIds != null) {
          for (int k = 0; k < ask.topK(); k++) {
            topIds[i][k] = (int) top[at * topK + k];
          }
          topLogProbs[i] = Arrays.copyOfRange(topScores, at * topK, at * topK + ask.topK());
        }
        if (named != null) {
          named[i] =
              gatherWidth == 0
                  ? new float[0]
                  : Arrays.copyOfRange(
                      gathered, at * gatherWidth, at * gatherWidth + ask.gather()[i].length);
        }
        if (rowsOf != null) {
          rowsOf[i] = Arrays.copyOfRange(full, at * vocabulary, (at + 1) * vocabulary);
        }
      }
      scores.add(
          new Scores(
              best,
              Arrays.copyOfRange(argmaxLogProb, from, from + n),
              topIds,
              topLogProbs,
              named,
              rowsOf,
              Arrays.copyOfRange(margin, from, from + n)));
      from += n;
    }
    return scores;
  }
}
