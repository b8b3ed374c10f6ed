package io.foresight.decoding.search;

import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.hypothesis.ScoredTree;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.hypothesis.TokenTree;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Beam search over p's scores in which hints are continuations as p's own candidates are: texts
 * that have taken equally many hints compete among each other only, so that none is lost because
 * its words were dear. Texts grow side by side, a token a step, as one tree in one forward of p.
 *
 * <p>Of a text the search compares the sum of its scores and what the hints that it still lacks
 * will take, for which {@link MissingHints} has an estimate.
 */
public final class ConstrainedBeam {

  /** Steps without a better text after which the best one stands. */
  private static final int PATIENCE = 5;

  private final Settings settings;
  private final DecodingRow row;
  private final Hypothesis p;
  private final int width;
  private final int topK;
  private final int mostNodes;
  private final int start;
  private final MissingHints missing;
  private List<Beam> live = new ArrayList<>();
  private Text best;
  private int stepsSinceBest;

  /**
   * A search from what was generated so far.
   *
   * @param settings what a text has to fulfil
   * @param p y as p sees it; moves on, and is not to be used for anything but {@link
   *     Hypothesis#rebase} afterwards
   * @param width texts at a time
   * @param topK p's candidates per text
   * @param hinted whether the reward's hints join them
   * @param mostNodes of a tree; fewer texts grow where more would be needed
   */
  public ConstrainedBeam(
      Settings settings,
      DecodingRow row,
      Hypothesis p,
      int width,
      int topK,
      boolean hinted,
      int mostNodes) {
    this.settings = settings;
    this.row = row;
    this.p = p;
    this.width = width;
    this.topK = topK;
    this.mostNodes = mostNodes;
    this.start = p.base().length;
    this.missing = new MissingHints(row, hinted);
    p.gather(missing.ids());
  }

  /**
   * A finished text.
   *
   * @param ids after what was generated
   * @param scores p's, perturbed where noise is
   * @param holds whether every part of the reward fulfils its criterion
   */
  public record Text(
      int[] ids,
      double[] logProbs,
      double[] scores,
      List<Origin> origins,
      boolean holds,
      double reward) {

    private static final Text EMPTY =
        new Text(new int[0], new double[0], new double[0], List.of(), false, 0);

    private Text with(int id, TokenScores next, Origin origin) {
      double[] moreLogProbs = Arrays.copyOf(logProbs, logProbs.length + 1);
      moreLogProbs[logProbs.length] = next.logProbOf(id);
      double[] moreScores = Arrays.copyOf(scores, scores.length + 1);
      moreScores[scores.length] = next.scoreOf(id);
      List<Origin> more = new ArrayList<>(origins);
      more.add(origin);
      return new Text(Ids.concat(ids, id), moreLogProbs, moreScores, more, false, 0);
    }

    private Text judged(boolean isHolding, double itsReward) {
      return new Text(ids, logProbs, scores, origins, isHolding, itsReward);
    }

    private double sum() {
      return Arrays.stream(scores).sum();
    }

    /** Mean score of its tokens. */
    double mean() {
      return sum() / scores.length;
    }
  }

  /**
   * A text that grows.
   *
   * @param pending ids of the hint that it is in the middle of, which come next
   * @param taken hints in it
   * @param lacking what the hints that it lacks will take, in nats, at most 0
   * @param next p's scores of what follows; {@code null} until they are known
   */
  private record Beam(Text text, int[] pending, int taken, double lacking, TokenScores next) {

    double rank() {
      return text.sum() + lacking;
    }

    /** Whether rounding may decide between two; hints that begin alike have the same rank. */
    boolean isClose(Beam other, double nearTie) {
      return Math.abs(rank() - other.rank()) < nearTie
          && !Arrays.equals(text.ids(), other.text.ids());
    }
  }

  /**
   * Searches, and returns the best finished text: of those that hold the one with the highest mean
   * score; while there is none, the one with the highest reward, then with the highest mean score.
   *
   * @return {@code null} if no text ended
   */
  public Text search() {
    live.add(new Beam(Text.EMPTY, new int[0], 0, 0, p.next(topK)));
    while (!live.isEmpty() && stepsSinceBest < PATIENCE) {
      live.forEach(beam -> missing.observe(p, beam.next(), path(beam.text())));
      List<Beam> children = new ArrayList<>();
      List<Text> ended = new ArrayList<>();
      live.forEach(beam -> expand(beam, children, ended));
      List<Beam> going = new ArrayList<>();
      for (Beam child : select(children)) {
        if (row.finishedBy(child.text().ids())) {
          ended.add(child.text());
        } else {
          going.add(child);
        }
      }
      stepsSinceBest += best != null && best.holds() ? 1 : 0;
      ended.forEach(this::compare);
      live = scored(going);
    }
    return best;
  }

  /** Adds what may follow a text. */
  private void expand(Beam beam, List<Beam> children, List<Text> ended) {
    Text text = beam.text();
    TokenScores next = beam.next();
    if (beam.pending().length > 0) {
      int id = beam.pending()[0];
      if (next.scoreOf(id) > Double.NEGATIVE_INFINITY) {
        int[] rest = Arrays.copyOfRange(beam.pending(), 1, beam.pending().length);
        Text longer = text.with(id, next, Origin.HINT);
        children.add(new Beam(longer, rest, beam.taken(), beam.lacking(), null));
      }
      return;
    }
    List<int[]> hints = missing.after(text.ids());
    BitSet groups = missing.groups(hints);
    double lacking = missing.cost(groups);
    Set<Integer> whole = new HashSet<>();
    if (row.startsWord(next.id())) {
      for (int[] hint : hints) {
        // One that is unknown compares as one that is excluded does.
        if (next.scoreOf(hint[0]) > Double.NEGATIVE_INFINITY) {
          Text longer = text.with(hint[0], next, Origin.HINT);
          int[] rest = Arrays.copyOfRange(hint, 1, hint.length);
          double less = missing.cost(missing.without(groups, hint));
          children.add(new Beam(longer, rest, beam.taken() + 1, less, null));
          if (rest.length == 0) {
            whole.add(hint[0]);
          }
        }
      }
    }
    for (int id : next.topIds()) {
      Text longer = text.with(id, next, id == next.id() ? Origin.TARGET : Origin.CANDIDATE);
      if (row.isEos(id)) {
        ended.add(longer);
      } else if (!whole.contains(id) && !breaksWord(beam, hints, id)) {
        children.add(new Beam(longer, new int[0], beam.taken(), lacking, null));
      }
    }
  }

  /**
   * Whether {@code id} goes on a word that p sees finished, or makes another one of a hint, which
   * then is lacking again.
   *
   * @param hints those that the text lacks
   */
  private boolean breaksWord(Beam beam, List<int[]> hints, int id) {
    if (row.startsWord(id)) {
      return false;
    }
    List<Origin> origins = beam.text().origins();
    boolean endsInHint = !origins.isEmpty() && origins.get(origins.size() - 1) == Origin.HINT;
    return row.startsWord(beam.next().id())
        || (endsInHint && missing.after(Ids.concat(beam.text().ids(), id)).size() > hints.size());
  }

  /**
   * The children that grow on, taken in turns from those with most hints to those with fewest, of
   * each the best; so that the first ones are those to keep where there is no room for all.
   */
  private List<Beam> select(List<Beam> children) {
    TreeMap<Integer, List<Beam>> banks = new TreeMap<>(Comparator.reverseOrder());
    children.forEach(c -> banks.computeIfAbsent(c.taken(), t -> new ArrayList<>()).add(c));
    Set<List<Integer>> seen = new HashSet<>();
    List<List<Beam>> sorted = new ArrayList<>();
    for (List<Beam> bank : banks.values()) {
      // The same text by way of fewer hints is no other text.
      bank.removeIf(
          c ->
              c.pending().length == 0 && !seen.add(Arrays.stream(c.text().ids()).boxed().toList()));
      bank.sort(Comparator.comparingDouble(Beam::rank).reversed().thenComparing(BY_IDS));
      sorted.add(bank);
    }
    int[] quota = new int[sorted.size()];
    for (int left = width, before = -1; left > 0 && left != before; ) {
      before = left;
      for (int i = 0; i < quota.length && left > 0; i++) {
        if (quota[i] < sorted.get(i).size()) {
          quota[i]++;
          left--;
        }
      }
    }
    List<Beam> chosen = new ArrayList<>();
    for (int i = 0; i < quota.length; i++) {
      settle(sorted.get(i), quota[i]);
    }
    for (int r = 0; r < width; r++) {
      for (int i = 0; i < quota.length; i++) {
        if (r < quota[i]) {
          chosen.add(sorted.get(i).get(r));
        }
      }
    }
    return chosen;
  }

  private static final Comparator<Beam> BY_IDS =
      Comparator.<Beam, int[]>comparing(c -> c.text().ids(), Arrays::compare)
          .thenComparing(Beam::pending, Arrays::compare);

  /**
   * Sorts anew those of which rounding may decide whether they are among the first {@code kept}.
   */
  private void settle(List<Beam> bank, int kept) {
    boolean close =
        bank.subList(0, kept).stream()
            .anyMatch(
                in ->
                    bank.subList(kept, bank.size()).stream()
                        .anyMatch(out -> in.isClose(out, p.nearTie())));
    if (!close) {
      return;
    }
    row.nearTie();
    if (!row.target().hasCanonicalScores()) {
      return;
    }
    double last = bank.get(kept - 1).rank();
    double next = bank.get(kept).rank();
    int from = kept - 1;
    int to = kept + 1;
    while (from > 0 && bank.get(from - 1).rank() - next < p.nearTie()) {
      from--;
    }
    while (to < bank.size() && last - bank.get(to).rank() < p.nearTie()) {
      to++;
    }
    List<Beam> all = bank.subList(from, to);
    double[] ranks = all.stream().mapToDouble(c -> sumAlone(c.text()) + c.lacking()).toArray();
    List<Beam> settled =
        IntStream.range(0, ranks.length)
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(i -> -ranks[i]).thenComparing(all::get, BY_IDS))
            .map(all::get)
            .toList();
    for (int i = 0; i < ranks.length; i++) {
      bank.set(from + i, settled.get(i));
    }
  }

  private int[] path(Text text) {
    return Ids.concat(Arrays.copyOf(p.base(), start), text.ids());
  }

  /** The sum of a text's scores as they are in a forward of its own. */
  private double sumAlone(Text text) {
    int[] path = path(text);
    int[][] named = Arrays.stream(text.ids()).mapToObj(id -> new int[] {id}).toArray(int[][]::new);
    List<TokenScores> alone = p.alone(Arrays.copyOf(path, path.length - 1), start, named);
    return IntStream.range(0, named.length)
        .mapToDouble(i -> alone.get(i).scoreOf(text.ids()[i]))
        .sum();
  }

  /** Takes note of a finished text if it is better than the best one. */
  private void compare(Text text) {
    boolean behind = best != null && best.holds() && text.mean() < best.mean() - p.nearTie();
    if (behind) {
      return;
    }
    boolean holds = row.holds(settings, text.ids());
    Text judged = text.judged(holds, row.reward(text.ids()));
    if (best == null || isBetter(judged, best)) {
      best = judged;
      stepsSinceBest = 0;
    }
  }

  private boolean isBetter(Text text, Text than) {
    if (text.holds() != than.holds()) {
      return text.holds();
    }
    if (!text.holds() && text.reward() != than.reward()) {
      return text.reward() > than.reward();
    }
    double difference = text.mean() - than.mean();
    if (Math.abs(difference) < p.nearTie()) {
      row.nearTie();
      if (row.target().hasCanonicalScores()) {
        difference = sumAlone(text) / text.ids().length - sumAlone(than) / than.ids().length;
      }
    }
    return difference != 0 ? difference > 0 : Arrays.compare(text.ids(), than.ids()) < 0;
  }

  /** The texts with p's scores of what follows them, by one forward over their tree. */
  private List<Beam> scored(List<Beam> going) {
    int settled = p.base().length - start;
    List<int[]> paths =
        new ArrayList<>(going.stream().map(beam -> after(beam.text(), settled)).toList());
    while (paths.size() > 1 && new TokenTree(new int[0], paths, row::isEos).size() > mostNodes) {
      paths.remove(paths.size() - 1);
    }
    if (paths.isEmpty()) {
      return List.of();
    }
    ScoredTree scores = p.scoreTree(paths, topK);
    List<Beam> grown = new ArrayList<>();
    for (int i = 0; i < paths.size(); i++) {
      Beam beam = going.get(i);
      TokenScores next = scores.after(i, paths.get(i).length);
      grown.add(new Beam(beam.text(), beam.pending(), beam.taken(), beam.lacking(), next));
    }
    // What all of them have in common is not computed once more; their last ids are, as nodes.
    int common = paths.get(0).length - 1;
    for (int[] path : paths) {
      common = Math.min(common, Ids.common(path, paths.get(0)));
    }
    if (common > 0) {
      p.adopt(scores, 0, common, Arrays.copyOf(paths.get(0), common));
    } else {
      p.drop(scores);
    }
    return grown;
  }

  private static int[] after(Text text, int settled) {
    return Arrays.copyOfRange(text.ids(), settled, text.ids().length);
  }
}
