package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.model.ForwardLayout.Column;
import io.foresight.model.ForwardLayout.Detail;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Takes a forward's result apart, by the columns that {@link ForwardLayout} declares. All asked
 * positions have as many as the request that wants the most.
 */
final class ScoresReader {

  private final List<ForwardRequest> requests;
  private final boolean perturbed;

  /** Ids that are told of each position: the most that a request wants. */
  final int topK;

  /** Ids that are gathered of each position: the most that a request wants. */
  final int gathered;

  final Detail detail;

  /** Positions that are scored. */
  final int asked;

  /** Numbers per asked position. */
  final int width;

  private final int[] starts = new int[ForwardLayout.length(Column.class)];
  private final int[] widths = new int[ForwardLayout.length(Column.class)];

  /**
   * For a forward of requests.
   *
   * @param vocabulary ids that are scored
   * @param perturbed whether scores have noise
   */
  ScoresReader(List<ForwardRequest> requests, int vocabulary, boolean perturbed) {
    this.requests = requests;
    this.perturbed = perturbed;
    int positions = 0;
    int highest = 0;
    int widest = 0;
    Detail most = Detail.IDS;
    for (ForwardRequest request : requests) {
      if (request.asked() > 0) {
        LogitsRequest ask = request.ask();
        positions += request.asked();
        highest = Math.max(highest, ask.topK());
        most =
            ask.rows()
                ? Detail.ROWS
                : ask.logProbs() && most == Detail.IDS ? Detail.LOG_PROBS : most;
        for (int[] ids : ask.gather() == null ? new int[0][] : ask.gather()) {
          widest = Math.max(widest, ids.length);
        }
      }
    }
    asked = positions;
    topK = highest;
    gathered = widest;
    detail = most;
    width(Column.BEST, 1);
    width(Column.GAPS, Math.min(Math.max(topK, 1), vocabulary - 1));
    if (detail != Detail.IDS) {
      width(Column.LOG_PROB, 1);
      width(Column.TOP_IDS, topK);
      width(Column.TOP_LOG_PROBS, topK);
      width(Column.GATHERED, gathered);
      width(Column.ROW, detail == Detail.ROWS ? vocabulary : 0);
      width(Column.SCORE, perturbed ? 1 : 0);
      width(Column.TOP_SCORES, perturbed ? topK : 0);
      width(Column.GATHERED_SCORES, perturbed ? gathered : 0);
    }
    int end = 0;
    for (int column = 0; column < starts.length; column++) {
      starts[column] = end;
      end += widths[column];
    }
    width = end;
  }

  private void width(Column column, int width) {
    widths[ForwardLayout.at(column)] = width;
  }

  /** Whether a forward's result says that all scores were numbers. */
  boolean isFinite(float[] result) {
    for (int row = 0; row < Math.max(1, asked); row++) {
      if (Float.isNaN(result[row * width])) {
        return false;
      }
    }
    return true;
  }

  /** What each request asked for, in their order. */
  List<Scores> scores(float[] result) {
    List<Scores> scores = new ArrayList<>(requests.size());
    int row = 0;
    for (ForwardRequest request : requests) {
      scores.add(read(result, row, request));
      row += request.asked();
    }
    return scores;
  }

  private Scores read(float[] result, int firstRow, ForwardRequest request) {
    LogitsRequest ask = request.ask();
    int n = request.asked();
    int k = ask.topK();
    int[] best = new int[n];
    float[] margin = new float[n];
    for (int i = 0; i < n; i++) {
      best[i] = (int) result[at(firstRow + i, Column.BEST)];
      // Whatever the neighbours asked for, the margin is that of this request's own choices.
      int gaps = at(firstRow + i, Column.GAPS);
      margin[i] = result[gaps];
      for (int gap = 1; gap < Math.min(k, widths[ForwardLayout.at(Column.GAPS)]); gap++) {
        margin[i] = Math.min(margin[i], result[gaps + gap]);
      }
    }
    float[] logProbs = ones(result, firstRow, request, Column.LOG_PROB);
    int[][] topIds = k > 0 ? new int[n][k] : null;
    for (int i = 0; topIds != null && i < n; i++) {
      int at = at(firstRow + i, Column.TOP_IDS);
      for (int j = 0; j < k; j++) {
        topIds[i][j] = (int) result[at + j];
      }
    }
    float[][] topLogProbs = k > 0 ? top(result, firstRow, request, Column.TOP_LOG_PROBS) : null;
    float[][] named =
        ask.gather() != null ? named(result, firstRow, request, Column.GATHERED) : null;
    float[][] rows = ask.rows() ? rows(result, firstRow, request) : null;
    if (!perturbed) {
      return new Scores(best, logProbs, topIds, topLogProbs, named, rows, margin);
    }
    return new Scores(
        best,
        logProbs,
        ones(result, firstRow, request, Column.SCORE),
        topIds,
        topLogProbs,
        k > 0 ? top(result, firstRow, request, Column.TOP_SCORES) : null,
        named,
        named != null ? named(result, firstRow, request, Column.GATHERED_SCORES) : null,
        rows,
        margin);
  }

  private int at(int row, Column column) {
    return row * width + starts[ForwardLayout.at(column)];
  }

  private float[] ones(float[] result, int firstRow, ForwardRequest request, Column column) {
    float[] ones = new float[request.asked()];
    for (int i = 0; i < ones.length; i++) {
      ones[i] = request.ask().logProbs() ? result[at(firstRow + i, column)] : Float.NaN;
    }
    return ones;
  }

  private float[][] top(float[] result, int firstRow, ForwardRequest request, Column column) {
    float[][] top = new float[request.asked()][];
    for (int i = 0; i < top.length; i++) {
      int at = at(firstRow + i, column);
      top[i] = Arrays.copyOfRange(result, at, at + request.ask().topK());
    }
    return top;
  }

  private float[][] named(float[] result, int firstRow, ForwardRequest request, Column column) {
    float[][] named = new float[request.asked()][];
    for (int i = 0; i < named.length; i++) {
      int at = at(firstRow + i, column);
      named[i] = Arrays.copyOfRange(result, at, at + request.ask().gather()[i].length);
    }
    return named;
  }

  private float[][] rows(float[] result, int firstRow, ForwardRequest request) {
    float[][] rows = new float[request.asked()][];
    for (int i = 0; i < rows.length; i++) {
      int at = at(firstRow + i, Column.ROW);
      rows[i] = Arrays.copyOfRange(result, at, at + widths[ForwardLayout.at(Column.ROW)]);
    }
    return rows;
  }
}
