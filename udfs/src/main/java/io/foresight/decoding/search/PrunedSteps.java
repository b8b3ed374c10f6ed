package io.foresight.decoding.search;

import static io.foresight.decoding.DecodingSettings.CANDIDATES;
import static io.foresight.decoding.DecodingSettings.DRAFT_LENGTH;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD;
import static io.foresight.decoding.DecodingSettings.LOOKAHEAD_DRAFT;
import static io.foresight.decoding.DecodingSettings.REWARD_WEIGHT;

import io.foresight.decoding.budget.DraftBudget;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.search.CandidatePruning.Judged;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The choices at the next positions of the hypothesis w, at most a window of them; the first is
 * that of the row's next token. Their rollouts go on together, and w with them.
 */
public final class PrunedSteps implements AutoCloseable {

  private final Settings settings;
  private final DecodingRow row;
  private final Hypothesis p;
  private final Hypothesis q;
  private final int window;
  private final int filter;
  private final Hints hints;
  private final DraftBudget budget;
  private final List<CandidatePruning> open = new ArrayList<>();
  private Judged hypothesis = new Judged(new int[0], 0);

  /**
   * Starts with nothing known.
   *
   * @param window choices that are open at a time
   * @param filter steps of the reward by which p's rollouts are taken to be better than q's at
   *     most: what would not win by so many is not rolled out by p; 0 for any, with which the
   *     choice is CDLH's
   * @param p y as p sees it, with w as far as it is known
   * @param q y as q sees it; becomes y and w
   * @param hints those that join the candidates; p has their scores
   * @param budget bounds what q drafts of the rollouts, and of w
   */
  public PrunedSteps(
      Settings settings,
      int window,
      int filter,
      DecodingRow row,
      Hypothesis p,
      Hypothesis q,
      Hints hints,
      DraftBudget budget) {
    this.settings = settings;
    this.row = row;
    this.p = p;
    this.q = q;
    this.window = window;
    this.filter = row.isReached(filter) ? 0 : filter;
    this.hints = hints;
    this.budget = budget;
  }

  /** Whether the row's next token is known. */
  public boolean settled() {
    update();
    return !open.isEmpty() && open.get(0).settled();
  }

  /** One forward of p for everything that is needed to settle the choices of the window. */
  public void round() {
    List<Rollout> going = new ArrayList<>();
    if (!leavesPath() && !p.reaches(Math.min(window + settings.get(LOOKAHEAD), row.remaining()))) {
      // Further than needed now, since w is p's path for as long as it wins.
      going.add(new Rollout(p, q, row.remaining(), settings.get(DRAFT_LENGTH)));
    }
    if (filter > 0) {
      open.forEach(CandidatePruning::needed);
      CandidatePruning.filter(row, open, filter);
    }
    open.forEach(contest -> going.addAll(contest.needed()));
    if (!going.isEmpty()) {
      Rollout.round(row, going, budget, candidates());
    }
  }

  private void update() {
    open.forEach(CandidatePruning::update);
    // q's rollouts take as many forwards for several choices as for one.
    boolean opens = filter == 0 || open.isEmpty();
    while (opens && open.size() < window && !leavesPath() && covers(open.size())) {
      open.add(contest(open.size()));
    }
    int leaving = 0;
    while (leaving < open.size() && !open.get(leaving).leavesPath()) {
      leaving++;
    }
    // What comes after a token that w loses is no longer on the path.
    drop(Math.min(leaving + 1, open.size()));
  }

  /** Whether w is known as far as the choice after {@code ahead} of its tokens looks. */
  private boolean covers(int ahead) {
    int needed = Math.min(ahead + 1 + settings.get(LOOKAHEAD), row.remaining());
    return p.known().size() > ahead && p.reaches(needed);
  }

  private boolean leavesPath() {
    return open.stream().anyMatch(CandidatePruning::leavesPath);
  }

  private int candidates() {
    return Math.min(settings.get(CANDIDATES), row.target().vocabularySize());
  }

  private CandidatePruning contest(int ahead) {
    int depth = Math.min(settings.get(LOOKAHEAD), row.remaining() - ahead - 1);
    int[] before = Ids.concat(p.base(), p.greedy(ahead));
    CandidatePruning contest =
        new CandidatePruning(
            row,
            settings.get(REWARD_WEIGHT),
            p,
            before,
            hints.join(row, p, p.known().get(ahead), p.greedy(ahead)),
            depth,
            judge(p.greedy(ahead + 1 + depth)),
            path -> roll(path, depth));
    contest.update();
    return contest;
  }

  /** w's reward; looked up if w is judged once more with nothing new, as when it ends. */
  private Judged judge(int[] w) {
    int[] path = Ids.concat(p.base(), w);
    if (!Arrays.equals(path, hypothesis.path())) {
      hypothesis = new Judged(path, row.reward(w));
    }
    return hypothesis;
  }

  private Rollout roll(int[] path, int depth) {
    int[] tokens = Arrays.copyOfRange(path, p.base().length, path.length);
    return new Rollout(p.fork(tokens), q.branch(path), depth, settings.get(LOOKAHEAD_DRAFT));
  }

  /** Commits the row's next token, and moves both models on. */
  public void commit() {
    CandidatePruning first = open.remove(0);
    first.commit();
    int[] path = row.tokens();
    if (!first.leavesPath()) {
      p.advance(path[path.length - 1]);
    } else if (first.winner() == null) {
      p.advance(path[path.length - 1]);
      q.rebase(path, List.of());
    } else {
      p.adopt(first.winner().p());
      q.adopt(first.winner().q());
    }
    hypothesis = first.winnersHypothesis();
    first.close();
  }

  /** Takes note that the row committed so many tokens of w by itself; choices after them stay. */
  public void passed(int count) {
    List<CandidatePruning> past = open.subList(0, Math.min(count, open.size()));
    past.forEach(CandidatePruning::close);
    past.clear();
  }

  /** Takes note that the row committed something else than w. */
  public void left() {
    drop(0);
  }

  private void drop(int from) {
    List<CandidatePruning> dropped = open.subList(from, open.size());
    dropped.forEach(CandidatePruning::close);
    dropped.clear();
  }

  @Override
  public void close() {
    drop(0);
  }
}
