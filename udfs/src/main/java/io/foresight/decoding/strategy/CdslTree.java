package io.foresight.decoding.strategy;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.HINTS;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;
import static io.foresight.decoding.DecodingSettings.REWARD_THRESHOLD;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.Generation;
import io.foresight.decoding.IdleSettings;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Request;
import io.foresight.decoding.RowFault;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.budget.DraftBudget;
import io.foresight.decoding.hypothesis.Hypotheses;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.hypothesis.ScoredTree;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.hypothesis.TokenTree;
import io.foresight.decoding.search.ConstrainedBeam;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.GreedyHypothesis;
import io.foresight.decoding.search.Hints;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * {@link Cdsl} that branches anywhere in the hypothesis that p has verified, not only at its start:
 * with p's other candidates and the reward's hints. q rolls the candidates out and the reward
 * filters the rollouts, which costs no forward of p; p scores the few best in one forward over
 * their tree. This project's own.
 *
 * <p>Long, since a branching is told in one piece.
 */
public final class CdslTree implements Strategy {

  /** Branchings per row. */
  public static final Setting<Integer> TREE_ROUNDS =
      Setting.whole("decoding.tree.rounds", 6, 0)
          .changes(Setting.Effect.GENERATION)
          .does("cdsl-tree, branchings per row before it goes on by plain speculation");

  /** Candidates that q rolls out per branching. */
  public static final Setting<Integer> TREE_WIDTH =
      Setting.whole("decoding.tree.width", 40, 1)
          .changes(Setting.Effect.GENERATION)
          .does("cdsl-tree, candidates that the draft rolls out per branching");

  /** Rollouts that p verifies per branching. */
  public static final Setting<Integer> TREE_VERIFY =
      Setting.whole("decoding.tree.verify", 8, 1)
          .changes(Setting.Effect.GENERATION)
          .does("cdsl-tree, rollouts that the target verifies per branching");

  /** Tokens that q rolls out after a candidate. */
  public static final Setting<Integer> TREE_ROLLOUT =
      Setting.whole("decoding.tree.rollout", 16, 0)
          .changes(Setting.Effect.GENERATION)
          .does("cdsl-tree, tokens that the draft rolls out after a candidate");

  /** Width of the beam by which a row that failed is decoded anew. */
  public static final Setting<Integer> TREE_EFFORT =
      Setting.whole("decoding.tree.effort", 24, 0)
          .changes(Setting.Effect.GENERATION)
          .does(
              "cdsl-tree, texts that grow side by side where a row is decoded anew because it would end unsatisfied; 0 gives it up");

  /** Makes it. */
  public static final class Factory implements StrategyFactory {

    @Override
    public String name() {
      return "cdsl-tree";
    }

    @Override
    public List<Setting<?>> reads() {
      return IdleSettings.andSampling(
          LOOKAHEAD,
          DRAFT_LENGTH,
          CANDIDATES,
          ADAPTIVE_DRAFT,
          HINTS,
          REWARD_WEIGHT,
          REWARD_THRESHOLD,
          REWARD_MODE,
          TREE_ROUNDS,
          TREE_WIDTH,
          TREE_VERIFY,
          TREE_ROLLOUT,
          TREE_EFFORT);
    }

    @Override
    public Strategy create(Settings settings) {
      return new CdslTree(settings);
    }

    @Override
    public Map<Setting<?>, String> idle(Settings settings) {
      return IdleSettings.unlessSampling(name(), settings);
    }
  }

  /** Of the candidates that are rolled out, at most so many are hints: three in four. */
  private static final double HINT_SHARE = 0.75;

  /** Nodes per text of a beam, beside those of one text. */
  private static final int OWN_NODES = 8;

  /** By score; ties are broken by what a candidate is, not by where it comes from. */
  private static final Comparator<Candidate> BEST_FIRST =
      Comparator.<Candidate>comparingDouble(candidate -> -candidate.score())
          .thenComparingInt(Candidate::kept)
          .thenComparing(Candidate::ids, Arrays::compare);

  private final Settings settings;
  private final boolean hinted;
  private final int horizon;
  private final int effort;

  /** Decodes as {@code settings} say. */
  public CdslTree(Settings settings) {
    this.settings = settings;
    this.hinted = settings.get(HINTS).on(true);
    this.horizon = Math.max(1, settings.get(LOOKAHEAD));
    this.effort = settings.get(TREE_EFFORT);
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
  public CacheNeed cacheNeed() {
    int rollouts = settings.get(TREE_VERIFY) * (horizon + settings.get(TREE_ROLLOUT) + 1);
    int nodes = Math.max(rollouts, OWN_NODES * effort);
    return new CacheNeed(1, 1 + settings.get(TREE_WIDTH), nodes, hinted || effort > 0 ? 1 : 0);
  }

  /**
   * Nodes of a tree: enough for all rollouts of single tokens, for one of any length, and for a
   * beam whose texts have all but a few ids in common.
   */
  private int mostNodes(DecodingRow row) {
    return cacheNeed().treeNodes(row.limit());
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    DecodingRow row = new DecodingRow(target, draft, request);
    int rounds = settings.get(TREE_ROUNDS);
    DraftBudget budget = row.draftBudget(settings);
    Noise noise = Noise.of(settings, request);
    try (Hypothesis p =
            Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, noise);
        Hypothesis q = Hypothesis.open(row.draft(), row.tokens(), Hypothesis.Detail.IDS, noise)) {
      while (!row.finished()) {
        List<int[]> hints = hinted && rounds > 0 ? row.hints() : List.of();
        p.gather(Hints.starts(hints));
        GreedyHypothesis hypothesis =
            GreedyHypothesis.extend(
                row, p, q, horizon, settings.get(DRAFT_LENGTH), budget, topK(row));
        if (rounds == 0 || row.passes(settings, hypothesis.ids())) {
          hypothesis.commit(row, p, q, hypothesis.ids().length);
        } else {
          rounds--;
          if (branch(row, p, q, hypothesis, rounds > 0) == 0) {
            // Nothing better than an ending that fails: another round would find the same.
            rounds = 0;
          }
        }
      }
      if (effort > 0 && settings.get(TREE_ROUNDS) > 0 && row.isJudged() && !row.holds(settings)) {
        decodeAnew(row, p, request.prompt());
      }
    }
    return row.generation();
  }

  /**
   * Gives a row that failed another text, if a search without its mistakes finds a better one: all
   * that it said is open again, and the reward goes before p.
   */
  private void decodeAnew(DecodingRow row, Hypothesis p, int[] prompt) {
    double reward = row.reward();
    List<DecodingRow.Committed> failed = row.retract();
    p.rebase(prompt, List.of());
    ConstrainedBeam.Text text = null;
    try {
      text =
          new ConstrainedBeam(settings, row, p, effort, topK(row), hinted, mostNodes(row)).search();
    } catch (RowFault e) {
      // A reward that fails for one of many more texts takes none that was there.
      if (e.kind() != RowFault.Kind.REWARD) {
        throw e;
      }
    }
    if (text == null || !(text.holds() || text.reward() > reward)) {
      failed.forEach(token -> row.commit(token.origin(), token.id(), token.logProb()));
      return;
    }
    for (int i = 0; i < text.ids().length; i++) {
      row.commit(text.origins().get(i), text.ids()[i], text.logProbs()[i]);
    }
  }

  private int topK(DecodingRow row) {
    return Math.min(settings.get(CANDIDATES), row.target().vocabularySize());
  }

  /**
   * A way to leave the hypothesis: its first {@code kept} ids, then {@code ids}.
   *
   * @param score p's of the first of {@code ids}, at its place
   */
  private record Candidate(int kept, int[] ids, boolean hint, double score) {

    int[] path(int[] w) {
      return Ids.concat(Arrays.copyOf(w, kept), ids);
    }

    /** Whether rounding may decide between two scores; hints that begin alike have the same. */
    boolean isClose(Candidate other, double nearTie) {
      boolean same = kept == other.kept && ids[0] == other.ids[0];
      return !same && Math.abs(score - other.score) < nearTie;
    }
  }

  /** A candidate and q's rollout of it. */
  private record Branch(Candidate candidate, int[] path, double reward) {

    boolean isClose(Branch other, double nearTie) {
      return reward == other.reward && candidate.isClose(other.candidate, nearTie);
    }

    /**
     * The same with the candidate's score by {@code hypothesis}, p's scores along the hypothesis.
     */
    Branch scoredBy(List<TokenScores> hypothesis) {
      double score = hypothesis.get(candidate.kept()).scoreOf(candidate.ids()[0]);
      return new Branch(
          new Candidate(candidate.kept(), candidate.ids(), candidate.hint(), score), path, reward);
    }
  }

  /** One branching; returns how many ids it committed. */
  private int branch(
      DecodingRow row, Hypothesis p, Hypothesis q, GreedyHypothesis hypothesis, boolean more) {
    int[] w = hypothesis.ids();
    List<Branch> branches = branches(row, p, q, w);
    List<int[]> paths = fitting(row, branches.stream().map(Branch::path).toList());
    ScoredTree scored = p.scoreTree(paths, topK(row));
    List<Choice> choices = new ArrayList<>(List.of(unbranched(row, p, w)));
    for (int i = 0; i < paths.size(); i++) {
      Choice choice = choice(row, p, branches.get(i), i, scored);
      // p's own id may go on the hint's last word as well.
      if (!breaksHint(row, branches.get(i).candidate(), choice.ids())) {
        choices.add(choice);
      }
    }
    return commit(row, p, q, hypothesis, best(row, p, choices), scored, more);
  }

  /** The first paths that one tree may have: hints can be long, and memory was planned before. */
  private List<int[]> fitting(DecodingRow row, List<int[]> paths) {
    int count = paths.size();
    while (count > 1
        && new TokenTree(new int[0], paths.subList(0, count), row::isEos).size() > mostNodes(row)) {
      count--;
    }
    return paths.subList(0, count);
  }

  /** The best choice by value; of equals the hypothesis as it is, then the path of lower ids. */
  private Choice best(DecodingRow row, Hypothesis p, List<Choice> choices) {
    Choice best = highest(choices);
    // Branches that meet again are one path, and which of them is taken changes nothing.
    List<Choice> close =
        choices.stream()
            // Not <, by which two that are infinite would not be close.
            .filter(c -> !(best.value() - c.value() >= Scores.NEAR_TIE))
            .filter(c -> c.branch() == best.branch() || !Arrays.equals(c.path(), best.path()))
            .toList();
    if (close.size() == 1) {
      return best;
    }
    row.nearTie();
    return row.target().hasCanonicalScores()
        ? highest(close.stream().map(c -> c.scoredAnew(p, settings.get(REWARD_WEIGHT))).toList())
        : best;
  }

  private static Choice highest(List<Choice> choices) {
    Choice best = choices.get(0);
    for (Choice choice : choices) {
      boolean lower = best.branch() >= 0 && Arrays.compare(choice.path(), best.path()) < 0;
      if (choice.value() > best.value() || (choice.value() == best.value() && lower)) {
        best = choice;
      }
    }
    return best;
  }

  /** The best branches of the hypothesis, rolled out by q. */
  private List<Branch> branches(DecodingRow row, Hypothesis p, Hypothesis q, int[] w) {
    List<TokenScores> scores = p.known().subList(0, w.length);
    Selection selection = select(row, scores, w, p.nearTie());
    if (selection.close()) {
      row.nearTie();
      scores = settled(row, p, scores, w);
      selection = select(row, scores, w, p.nearTie());
    }
    List<Branch> branches = rolledOut(row, q, w, selection.candidates());
    List<Branch> sorted = sorted(branches);
    int verified = Math.min(settings.get(TREE_VERIFY), sorted.size());
    List<Branch> chosen = sorted.subList(0, verified);
    boolean close =
        sorted.subList(verified, sorted.size()).stream()
            .anyMatch(
                other -> chosen.stream().anyMatch(branch -> branch.isClose(other, p.nearTie())));
    if (!close) {
      return chosen;
    }
    row.nearTie();
    List<TokenScores> settled = settled(row, p, scores, w);
    return sorted(branches.stream().map(branch -> branch.scoredBy(settled)).toList())
        .subList(0, verified);
  }

  /** p's scores along w as they are in a forward of its own. */
  private static List<TokenScores> settled(
      DecodingRow row, Hypothesis p, List<TokenScores> scores, int[] w) {
    if (!row.target().hasCanonicalScores()) {
      return scores;
    }
    int[] path = Ids.concat(p.base(), Arrays.copyOf(w, w.length - 1));
    int[][] ids = scores.stream().map(s -> Ids.concat(s.scoredIds(), s.id())).toArray(int[][]::new);
    List<TokenScores> alone = p.alone(path, p.base().length, ids);
    return IntStream.range(0, ids.length)
        .mapToObj(i -> scores.get(i).scoredBy(alone.get(i)))
        .toList();
  }

  /**
   * The best candidates by score at their place.
   *
   * @param close whether rounding could have decided which are among them
   */
  private record Selection(List<Candidate> candidates, boolean close) {}

  private Selection select(DecodingRow row, List<TokenScores> scores, int[] w, double nearTie) {
    List<Candidate> all = candidates(row, scores, w);
    List<Candidate> chosen = new ArrayList<>();
    Set<List<Integer>> seen = new HashSet<>();
    boolean close = false;
    int hintsWanted = (int) Math.ceil(HINT_SHARE * settings.get(TREE_WIDTH));
    for (boolean hint : new boolean[] {true, false}) {
      int wanted = hint ? hintsWanted : settings.get(TREE_WIDTH);
      int before = chosen.size();
      for (Candidate candidate : all) {
        List<Integer> path = Arrays.stream(candidate.path(w)).boxed().toList();
        if (candidate.hint() != hint || seen.contains(path)) {
          continue;
        }
        if (chosen.size() < wanted) {
          seen.add(path);
          chosen.add(candidate);
        } else {
          close |=
              chosen.subList(before, wanted).stream()
                  .anyMatch(other -> other.isClose(candidate, nearTie));
        }
      }
    }
    return new Selection(chosen, close);
  }

  /** All candidates, by falling score. */
  private List<Candidate> candidates(DecodingRow row, List<TokenScores> scores, int[] w) {
    List<int[]> hints = hinted ? row.hints(w) : List.of();
    List<Candidate> all = new ArrayList<>();
    for (int j = 0; j < w.length; j++) {
      TokenScores next = scores.get(j);
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
    all.sort(BEST_FIRST);
    return all;
  }

  private List<Branch> rolledOut(
      DecodingRow row, Hypothesis q, int[] w, List<Candidate> candidates) {
    List<Branch> branches = new ArrayList<>();
    try (Hypotheses hypotheses = new Hypotheses()) {
      int[] counts = new int[candidates.size()];
      q.fill();
      for (int i = 0; i < counts.length; i++) {
        int[] path = candidates.get(i).path(w);
        hypotheses.add(q.fork(path));
        counts[i] = Math.min(settings.get(TREE_ROLLOUT), row.remaining() - path.length);
        if (row.finishedBy(path)) {
          counts[i] = 0;
        }
      }
      Hypothesis.rollOut(row.draft(), hypotheses.all(), counts, 0, 0);
      List<int[]> paths = new ArrayList<>();
      for (int i = 0; i < counts.length; i++) {
        paths.add(Ids.concat(candidates.get(i).path(w), hypotheses.all().get(i).greedy(counts[i])));
      }
      double[] rewards = row.rewards(paths);
      for (int i = 0; i < counts.length; i++) {
        if (!breaksHint(row, candidates.get(i), paths.get(i))) {
          branches.add(new Branch(candidates.get(i), paths.get(i), rewards[i]));
        }
      }
    }
    return branches;
  }

  /** Whether a rollout goes on the last word of its hint, and makes one of it that is no hint. */
  private static boolean breaksHint(DecodingRow row, Candidate candidate, int... path) {
    int end = candidate.kept() + candidate.ids().length;
    if (!candidate.hint() || end == path.length || row.startsWord(path[end])) {
      return false;
    }
    while (end < path.length && !row.startsWord(path[end])) {
      end++;
    }
    return row.hints(Arrays.copyOf(path, end)).stream()
        .anyMatch(hint -> Arrays.equals(hint, candidate.ids()));
  }

  /** By reward of the rollout, then by score of the candidate. */
  private static List<Branch> sorted(List<Branch> branches) {
    return branches.stream()
        .sorted(
            Comparator.<Branch>comparingDouble(b -> -b.reward())
                .thenComparing(Branch::candidate, BEST_FIRST))
        .toList();
  }

  /**
   * What may be committed, and what it is worth.
   *
   * @param branch its index; -1 for the hypothesis as it is
   * @param path what it is worth as; what is committed is a part of it, and p's own id
   * @param kept ids of the hypothesis in it
   * @param candidates ids after those that were chosen
   * @param accepted ids after those that q drafted
   * @param reward of the path
   * @param value mean score along the path and weighted reward
   */
  private record Choice(
      int branch,
      int[] path,
      int[] ids,
      double[] logProbs,
      int kept,
      int candidates,
      int accepted,
      boolean hint,
      double reward,
      double value) {

    /** The same by scores from a forward of its own. */
    Choice scoredAnew(Hypothesis p, double rewardWeight) {
      int[] before = Ids.concat(p.base(), Arrays.copyOf(path, path.length - 1));
      int[][] named = Arrays.stream(path).mapToObj(id -> new int[] {id}).toArray(int[][]::new);
      List<TokenScores> alone = p.alone(before, p.base().length, named);
      double[] scores = new double[path.length];
      for (int i = 0; i < path.length; i++) {
        // Only where p's own path goes do scores have noise.
        boolean own = i < kept + candidates + accepted;
        scores[i] = own ? alone.get(i).scoreOf(path[i]) : alone.get(i).logProbOf(path[i]);
      }
      return new Choice(
          branch,
          path,
          ids,
          logProbs,
          kept,
          candidates,
          accepted,
          hint,
          reward,
          CdslTree.value(scores, rewardWeight, reward));
    }
  }

  private Choice unbranched(DecodingRow row, Hypothesis p, int[] w) {
    List<TokenScores> known = p.known().subList(0, w.length);
    double[] logProbs = known.stream().mapToDouble(TokenScores::logProb).toArray();
    double[] scores = known.stream().mapToDouble(TokenScores::score).toArray();
    double reward = row.reward(w);
    double value = value(scores, settings.get(REWARD_WEIGHT), reward);
    return new Choice(-1, w, w, logProbs, w.length, 0, 0, false, reward, value);
  }

  private static double value(double[] scores, double rewardWeight, double reward) {
    return Arrays.stream(scores).average().orElse(0) + rewardWeight * reward;
  }

  /**
   * A branch: what p says of the whole rollout is its value, and what may be committed goes up to
   * p's first disagreement with it, and p's own id there. Noise perturbs what p says of that; what
   * comes after only shows where it leads, and p need not be able to sample it.
   */
  private Choice choice(
      DecodingRow row, Hypothesis p, Branch branch, int index, ScoredTree scored) {
    int[] path = branch.path();
    int fixed = branch.candidate().kept() + branch.candidate().ids().length;
    double[] logProbs = new double[path.length];
    double[] scores = new double[path.length];
    int accepted = path.length;
    TokenScores[] nexts = new TokenScores[path.length + 1];
    for (int i = 0; i <= path.length; i++) {
      if (i == path.length && (i == 0 || row.isEos(path[i - 1]))) {
        break;
      }
      TokenScores after = scored.after(index, i);
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
    double reward = row.reward(path);
    return new Choice(
        index,
        path,
        ids,
        committed,
        branch.candidate().kept(),
        branch.candidate().ids().length,
        accepted - fixed,
        branch.candidate().hint(),
        reward,
        value(scores, settings.get(REWARD_WEIGHT), reward));
  }

  /** Commits the choice and returns how many ids that were. */
  private int commit(
      DecodingRow row,
      Hypothesis p,
      Hypothesis q,
      GreedyHypothesis hypothesis,
      Choice choice,
      ScoredTree scored,
      boolean more) {
    int count = choice.ids().length;
    boolean failed = !row.holds(settings, choice.ids());
    // The row is not to end like this while it can still branch.
    while (more && failed && count > 0 && row.stoppedBy(Arrays.copyOf(choice.ids(), count))) {
      count--;
    }
    for (int i = 0; i < count; i++) {
      row.commit(origin(hypothesis, choice, i), choice.ids()[i], choice.logProbs()[i]);
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

  private static Origin origin(GreedyHypothesis hypothesis, Choice choice, int i) {
    if (i < choice.kept()) {
      return hypothesis.origins().get(i);
    }
    int after = i - choice.kept();
    if (after < choice.candidates()) {
      return choice.hint() ? Origin.HINT : Origin.CANDIDATE;
    }
    return after < choice.candidates() + choice.accepted() ? Origin.DRAFT : Origin.TARGET;
  }
}
