package io.foresight.decoding;

import io.foresight.decoding.Tally.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * {@link Cdsl} that branches anywhere in the line that p has verified, not only at its start: with
 * p's other candidates and the reward's hints. q rolls the candidates out and the reward filters
 * the rollouts, which costs no forward of p; p scores the few best in one forward over their tree.
 * This project's own.
 */
public final class CdslTree implements Strategy {

  /** Of the candidates that are rolled out, at most so many are hints: three in four. */
  private static final double HINTS = 0.75;

  private final DecodingSettings settings;
  private final DecodingSettings.Tree tree;
  private final boolean hinted;
  private final int horizon;

  /** Decodes as {@code settings} say. */
  public CdslTree(DecodingSettings settings) {
    this.settings = settings;
    this.tree = settings.tree();
    this.hinted = settings.hints().on(true);
    this.horizon = Math.max(1, settings.lookahead());
  }

  @Override
  public String name() {
    return "cdsl-tree";
  }

  @Override
  public boolean usesDraft() {
    return true;
  }

  @Override
  public Branches branches() {
    return new Branches(1, 1 + tree.width(), tree.verify() * (horizon + tree.rollout() + 1));
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, draft, request);
    int rounds = tree.rounds();
    DraftLength length = new DraftLength(settings.adaptiveDraft().on(true));
    Noise noise = Noise.of(settings, request);
    try (Line p = Line.open(row.target(), row.tokens(), Line.Detail.LOG_PROBS, noise);
        Line q = Line.open(row.draft(), row.tokens(), Line.Detail.IDS, noise)) {
      while (!row.finished()) {
        List<int[]> hints = hinted && rounds > 0 ? row.hints() : List.of();
        p.gather(Hints.starts(hints));
        GreedyLine line =
            GreedyLine.extend(row, p, q, horizon, settings.draftLength(), length, topK(row));
        if (rounds == 0 || row.passes(settings, line.ids())) {
          line.commit(row, p, q, line.ids().length);
        } else {
          rounds--;
          if (branch(row, p, q, line, rounds > 0) == 0) {
            // Nothing better than an ending that fails: another round would find the same.
            rounds = 0;
          }
        }
      }
    }
    return row.generation();
  }

  private int topK(Row row) {
    return Math.min(settings.candidates(), row.target().vocabularySize());
  }

  /**
   * A way to leave the line: its first {@code kept} ids, then {@code ids}.
   *
   * @param score p's of the first of {@code ids}, at its place
   */
  private record Candidate(int kept, int[] ids, boolean hint, double score) {

    int[] path(int[] w) {
      return Ids.concat(Arrays.copyOf(w, kept), ids);
    }
  }

  /** A candidate and q's rollout of it. */
  private record Branch(Candidate candidate, int[] path, double reward) {}

  /** One branching; returns how many ids it committed. */
  private int branch(Row row, Line p, Line q, GreedyLine line, boolean more) {
    int[] w = line.ids();
    List<Candidate> candidates = candidates(row, p, w);
    List<Branch> branches = best(rolledOut(row, q, w, candidates));
    List<int[]> paths = branches.stream().map(Branch::path).toList();
    Line.Branches scored = p.branches(paths, topK(row));
    Choice best = unbranched(row, p, w);
    double margin = Double.POSITIVE_INFINITY;
    for (int i = 0; i < paths.size(); i++) {
      Choice choice = choice(row, p, branches.get(i), i, scored);
      boolean better = choice.value() > best.value();
      double gap = Math.abs(choice.value() - best.value());
      margin = better ? gap : Math.min(margin, gap);
      best = better ? choice : best;
    }
    if (margin < Scores.NEAR_TIE) {
      row.nearTie();
    }
    return commit(row, p, q, line, best, scored, more);
  }

  /** The best candidates by score at their place. */
  private List<Candidate> candidates(Row row, Line p, int[] w) {
    List<Next> scores = p.known();
    List<int[]> hints = hinted ? row.hints(w) : List.of();
    List<Candidate> all = new ArrayList<>();
    for (int j = 0; j < w.length; j++) {
      Next next = scores.get(j);
      for (int c = 0; c < next.topIds().length; c++) {
        int id = next.topIds()[c];
        if (id != w[j] && !row.isEos(id)) {
          all.add(new Candidate(j, new int[] {id}, false, next.topScores()[c]));
        }
      }
      if (!row.startsWord(w[j])) {
        continue;
      }
      for (int[] hint : hints) {
        double score = next.scoreOf(hint[0]);
        boolean fits = j + hint.length <= row.remaining();
        // One that is unknown compares as one that is excluded does.
        boolean scored = score > Double.NEGATIVE_INFINITY;
        if (fits && scored && !(hint.length == 1 && hint[0] == w[j])) {
          all.add(new Candidate(j, hint, true, score));
        }
      }
    }
    all.sort(Comparator.comparingDouble(candidate -> -candidate.score()));
    List<Candidate> chosen = new ArrayList<>();
    Set<List<Integer>> seen = new HashSet<>();
    int hintsWanted = (int) Math.ceil(HINTS * tree.width());
    for (boolean hint : new boolean[] {true, false}) {
      int wanted = hint ? hintsWanted : tree.width();
      for (Candidate candidate : all) {
        if (chosen.size() == wanted) {
          break;
        }
        if (candidate.hint() == hint
            && seen.add(Arrays.stream(candidate.path(w)).boxed().toList())) {
          chosen.add(candidate);
        }
      }
    }
    return chosen;
  }

  private List<Branch> rolledOut(Row row, Line q, int[] w, List<Candidate> candidates) {
    List<Branch> branches = new ArrayList<>();
    try (Lines lines = new Lines()) {
      int[] counts = new int[candidates.size()];
      q.fill();
      for (int i = 0; i < counts.length; i++) {
        int[] path = candidates.get(i).path(w);
        lines.add(q.fork(path));
        counts[i] = Math.min(tree.rollout(), row.remaining() - path.length);
        if (row.finishedBy(path)) {
          counts[i] = 0;
        }
      }
      Line.rollOut(row.draft(), lines.all(), counts, 0, 0);
      List<int[]> paths = new ArrayList<>();
      for (int i = 0; i < counts.length; i++) {
        paths.add(Ids.concat(candidates.get(i).path(w), lines.all().get(i).greedy(counts[i])));
      }
      double[] rewards = row.rewards(paths);
      for (int i = 0; i < counts.length; i++) {
        branches.add(new Branch(candidates.get(i), paths.get(i), rewards[i]));
      }
    }
    return branches;
  }

  /** The best by reward of the rollout, then by score of the candidate. */
  private List<Branch> best(List<Branch> branches) {
    return branches.stream()
        .sorted(
            Comparator.<Branch>comparingDouble(b -> -b.reward())
                .thenComparing(b -> -b.candidate().score()))
        .limit(tree.verify())
        .toList();
  }

  /**
   * What may be committed, and what it is worth.
   *
   * @param branch its index; -1 for the line as it is
   * @param kept ids of the line in it
   * @param candidates ids after those that were chosen
   * @param accepted ids after those that q drafted
   */
  private record Choice(
      int branch,
      int[] ids,
      double[] logProbs,
      int kept,
      int candidates,
      int accepted,
      boolean hint,
      double value) {}

  private Choice unbranched(Row row, Line p, int[] w) {
    List<Next> known = p.known().subList(0, w.length);
    double[] logProbs = known.stream().mapToDouble(Next::logProb).toArray();
    double[] scores = known.stream().mapToDouble(Next::score).toArray();
    return new Choice(-1, w, logProbs, w.length, 0, 0, false, value(row, w, scores));
  }

  private double value(Row row, int[] ids, double[] scores) {
    return Arrays.stream(scores).average().orElse(0) + settings.rewardWeight() * row.reward(ids);
  }

  /**
   * A branch: what p says of the whole rollout is its value, and what may be committed goes up to
   * p's first disagreement with it, and p's own id there. Noise perturbs what p says of that; what
   * comes after only shows where it leads, and p need not be able to sample it.
   */
  private Choice choice(Row row, Line p, Branch branch, int index, Line.Branches scored) {
    int[] path = branch.path();
    int fixed = branch.candidate().kept() + branch.candidate().ids().length;
    double[] logProbs = new double[path.length];
    double[] scores = new double[path.length];
    int accepted = path.length;
    Next[] nexts = new Next[path.length + 1];
    for (int i = 0; i <= path.length; i++) {
      if (i == path.length && (i == 0 || row.isEos(path[i - 1]))) {
        break;
      }
      Next after = scored.after(index, i);
      nexts[i] = after == null ? p.known().get(i) : after;
      if (i < path.length) {
        logProbs[i] = nexts[i].logProbOf(path[i]);
        if (i >= fixed && nexts[i].id() != path[i] && i < accepted) {
          accepted = i;
        }
        scores[i] = i < accepted ? nexts[i].scoreOf(path[i]) : logProbs[i];
      }
    }
    row.verified(path.length - fixed, accepted - fixed);
    int[] ids = Arrays.copyOf(path, accepted);
    double[] committed = Arrays.copyOf(logProbs, accepted);
    if (!row.finishedBy(ids)) {
      ids = Ids.concat(ids, nexts[accepted].id());
      committed = Arrays.copyOf(committed, accepted + 1);
      committed[accepted] = nexts[accepted].logProb();
    }
    return new Choice(
        index,
        ids,
        committed,
        branch.candidate().kept(),
        branch.candidate().ids().length,
        accepted - fixed,
        branch.candidate().hint(),
        value(row, path, scores));
  }

  /** Commits the choice and returns how many ids that were. */
  private int commit(
      Row row, Line p, Line q, GreedyLine line, Choice choice, Line.Branches scored, boolean more) {
    int count = choice.ids().length;
    boolean failed = !row.holds(settings, choice.ids());
    if (more && failed && row.isEos(choice.ids()[count - 1])) {
      // The row is not to end like this while it can still branch.
      count--;
    }
    for (int i = 0; i < count; i++) {
      row.commit(origin(line, choice, i), choice.ids()[i], choice.logProbs()[i]);
    }
    int[] ids = Arrays.copyOf(choice.ids(), count);
    if (choice.branch() < 0) {
      p.drop(scored);
      p.advance(ids);
    } else {
      int fromPath = Math.min(count, choice.kept() + choice.candidates() + choice.accepted());
      p.adopt(scored, choice.branch(), fromPath, ids);
    }
    q.advance(ids);
    return count;
  }

  private static Origin origin(GreedyLine line, Choice choice, int i) {
    if (i < choice.kept()) {
      return line.origins().get(i);
    }
    int after = i - choice.kept();
    if (after < choice.candidates()) {
      return choice.hint() ? Origin.HINT : Origin.CANDIDATE;
    }
    return after < choice.candidates() + choice.accepted() ? Origin.DRAFT : Origin.TARGET;
  }
}
