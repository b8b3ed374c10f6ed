package io.foresight.decoding.hypothesis;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Scores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * One model's view of a hypothesis of tokens: the <em>base</em>, which is given, what the model's
 * cache holds of it ({@link CacheCursor}), and the model's greedy continuation of it as far as it
 * is <em>known</em> ({@link GreedyPath}). A token that was committed last travels with the next
 * forward. Of a hypothesis that outgrows the model's context the model sees a {@link Window}, and
 * can be asked for the token after it alone: a draft's is all that ever does.
 */
public final class Hypothesis implements AutoCloseable {

  /** What every score of a hypothesis comes with. */
  public enum Detail {
    /** The arg max: all that a draft is for. */
    IDS,
    /** Its log-probability too. */
    LOG_PROBS,
    /** The full row of log-probabilities too. */
    ROWS
  }

  private final LanguageModel model;
  private final CacheCursor cache;
  private final GreedyPath known;
  private LogitsQuestion question;
  private int[] base;

  private Hypothesis(LogitsQuestion question, CacheCursor cache, int[] base, GreedyPath known) {
    this.model = question.model();
    this.question = question;
    this.cache = cache;
    this.base = base;
    this.known = known;
  }

  /**
   * Opens a hypothesis with an empty cache.
   *
   * @param detail what every score comes with
   * @param noise what perturbs the scores, so that <em>greedy</em> is of the perturbed ones; {@code
   *     null} for nothing
   */
  public static Hypothesis open(LanguageModel model, int[] base, Detail detail, Noise noise) {
    LogitsQuestion question = new LogitsQuestion(model, detail, noise, new int[0]);
    return new Hypothesis(question, CacheCursor.open(model), base, new GreedyPath(model::isEos));
  }

  /** Branches to the same base with other noise, of which nothing is known yet. */
  public Hypothesis fork(Noise other) {
    return new Hypothesis(question.under(other), cache.fork(), base, new GreedyPath(model::isEos));
  }

  /** Branches to the base followed by {@code tokens}, with what is known of that. */
  public Hypothesis fork(int... tokens) {
    Hypothesis hypothesis = new Hypothesis(question, cache.fork(), base, known.copy());
    hypothesis.advance(tokens);
    return hypothesis;
  }

  /** Branches to another base, of which nothing is known but what the cache holds. */
  public Hypothesis branch(int[] to) {
    return new Hypothesis(question, cache.fork(), to, new GreedyPath(model::isEos));
  }

  /** From now on every score comes with the log-probabilities of {@code ids}. */
  public void gather(int[] ids) {
    question = question.naming(ids);
  }

  /** Appends {@code tokens} to the base; what is known stays where they are the greedy ones. */
  public void advance(int... tokens) {
    base = Ids.concat(base, tokens);
    known.advance(tokens);
  }

  /**
   * Takes over another hypothesis's cache, base and knowledge, and leaves it this one's cache to
   * close.
   */
  public void adopt(Hypothesis other) {
    cache.swap(other.cache);
    base = other.base;
    known.become(other.known);
  }

  /** Replaces the base and what is known to follow it. */
  public void rebase(int[] newBase, List<TokenScores> newKnown) {
    base = newBase;
    known.restart(newKnown);
  }

  /** Forgets the greedy continuation beyond its first {@code count} tokens. */
  public void forget(int count) {
    known.forget(count);
  }

  /** Difference of its scores below which rounding may decide, as {@link Scores#nearTie} has it. */
  public double nearTie() {
    return Scores.nearTie(question.noise());
  }

  /** The tokens that are given, the prompt's included; not to be written to. */
  public int[] base() {
    return base;
  }

  /** The greedy continuation as far as it is known; a copy. */
  public List<TokenScores> known() {
    return known.scores();
  }

  /** The first {@code count} ids of the greedy continuation, or fewer if fewer are known. */
  public int[] greedy(int count) {
    return known.ids(count);
  }

  /** Number of leading {@code tokens} that are known to be the greedy ones. */
  public int agreement(int[] tokens) {
    return known.agreement(tokens);
  }

  /** Whether the greedy continuation is known up to {@code count} tokens or EOS. */
  public boolean reaches(int count) {
    return known.reaches(count);
  }

  /** Scores of the token after the base; one forward unless they are known. */
  public TokenScores next(int topK) {
    if (known.size() == 0 || (topK > 0 && known.get(0).topIds() == null)) {
      known.first(one(extension(new int[0], 0, topK)));
    }
    return known.get(0);
  }

  /** Scores of the token after the base and {@code tokens}; one forward. */
  public TokenScores after(int... tokens) {
    return one(extension(tokens, tokens.length, 0));
  }

  private TokenScores one(ForwardRequest extension) {
    return TokenScores.of(extension.ask(), model.extend(extension), 0);
  }

  /**
   * Scores of given ids along a path, from a forward of its own.
   *
   * @param path tokens from the prompt's first on, on this hypothesis or not
   * @param from tokens that precede the first place which is scored
   * @param ids of that place, and of those after it up to the path's end
   */
  public List<TokenScores> alone(int[] path, int from, int[][] ids) {
    LogitsRequest ask = question.of(path, from, from - 1, ids);
    Scores scores = model.extend(ForwardRequest.alone(path, ask));
    return IntStream.range(0, ids.length).mapToObj(i -> TokenScores.of(ask, scores, i)).toList();
  }

  /**
   * The same scores as they are however rows were batched, for a choice that is close; unless they
   * are so already, or the model has none such.
   *
   * @param next scores of the place after {@code path}
   */
  public TokenScores settled(TokenScores next, int... path) {
    if (!model.hasCanonicalScores() || next.margin() < Scores.NEAR_TIE) {
      return next;
    }
    int[][] ids = {Ids.concat(next.scoredIds(), next.id())};
    return next.scoredBy(alone(path, path.length, ids).get(0));
  }

  /** Brings the base into the cache, so that forks need not compute it each. */
  public void fill() {
    int[] path = seen(base);
    if (Ids.common(cache.held(), path) < path.length) {
      int[] missing = cache.missing(path, path.length);
      model.extend(ForwardRequest.of(cache.sequence(), missing, LogitsRequest.NOTHING));
    }
  }

  /**
   * Greedy continuation of each hypothesis to its number of tokens or EOS, one forward per token
   * for all hypotheses that are still going.
   *
   * @param firstTopK ids to ask for after the base, where nothing is known yet; 0 for none
   * @param topK ids to ask for after that; 0 for none
   */
  public static void rollOut(
      LanguageModel model, List<Hypothesis> hypotheses, int[] counts, int firstTopK, int topK) {
    rollOut(model, hypotheses, i -> hypotheses.get(i).reaches(counts[i]), firstTopK, topK);
  }

  /**
   * The same, each up to where it is through with.
   *
   * @param ended whether the i-th hypothesis goes on no further
   */
  public static void rollOut(
      LanguageModel model,
      List<Hypothesis> hypotheses,
      IntPredicate ended,
      int firstTopK,
      int topK) {
    while (true) {
      List<Hypothesis> going = new ArrayList<>();
      List<ForwardRequest> extensions = new ArrayList<>();
      for (int i = 0; i < hypotheses.size(); i++) {
        Hypothesis hypothesis = hypotheses.get(i);
        if (!ended.test(i)) {
          going.add(hypothesis);
          int[] path = hypothesis.greedy(hypothesis.known.size());
          extensions.add(
              hypothesis.extension(path, path.length, path.length == 0 ? firstTopK : topK));
        }
      }
      if (going.isEmpty()) {
        return;
      }
      List<Scores> scores = model.extend(extensions);
      for (int i = 0; i < going.size(); i++) {
        going.get(i).known.add(TokenScores.of(extensions.get(i).ask(), scores.get(i), 0));
      }
    }
  }

  /**
   * {@link #rollOut(LanguageModel, List, int[], int, int)} of this hypothesis alone; returns the
   * tokens.
   */
  public int[] rollOut(int count) {
    rollOut(model, List.of(this), new int[] {count}, 0, 0);
    return greedy(count);
  }

  /**
   * Hard verification: extends what is known of each hypothesis along its draft, up to and
   * including the first token that differs from the draft, or the token after it. One forward for
   * all hypotheses, none if all that is known already.
   *
   * @param topK ids to ask for per position; 0 for none
   * @see VerifiedDraft#hard
   */
  public static void verify(
      LanguageModel model, List<Hypothesis> hypotheses, List<int[]> drafts, int topK) {
    List<Integer> open = new ArrayList<>();
    List<ForwardRequest> extensions = new ArrayList<>();
    for (int i = 0; i < hypotheses.size(); i++) {
      Hypothesis hypothesis = hypotheses.get(i);
      int[] draft = drafts.get(i);
      if (hypothesis.agreement(draft) == hypothesis.known.size()
          && !hypothesis.reaches(draft.length + 1)) {
        open.add(i);
        extensions.add(
            hypothesis.extension(hypothesis.withoutEos(draft), hypothesis.known.size(), topK));
      }
    }
    if (open.isEmpty()) {
      return;
    }
    List<Scores> scores = model.extend(extensions);
    for (int i = 0; i < scores.size(); i++) {
      Hypothesis hypothesis = hypotheses.get(open.get(i));
      hypothesis.scored(drafts.get(open.get(i)), extensions.get(i).ask(), scores.get(i));
    }
  }

  /**
   * Takes note of the scores along {@code tokens}: those known and, from there on, {@code more}.
   */
  private List<TokenScores> scored(int[] tokens, LogitsRequest ask, Scores more) {
    List<TokenScores> scores = new ArrayList<>(known.along(tokens));
    for (int i = 0; i < more.argmax().length; i++) {
      scores.add(TokenScores.of(ask, more, i));
    }
    known.scored(tokens, scores);
    return scores;
  }

  /**
   * Scores after the base and after each of {@code tokens}, whether they are the greedy ones or
   * not; none after an EOS. At most one forward.
   */
  public List<TokenScores> along(int[] tokens, int topK) {
    int[] path = withoutEos(tokens);
    List<TokenScores> scores = known.along(path);
    if (scores.size() > path.length) {
      return scores;
    }
    ForwardRequest extension = extension(path, scores.size(), topK);
    return scored(tokens, extension.ask(), model.extend(extension));
  }

  /** Nothing is asked after an EOS, so it need not be computed. */
  private int[] withoutEos(int[] tokens) {
    boolean ends = tokens.length > 0 && model.isEos(tokens[tokens.length - 1]);
    return ends ? Arrays.copyOf(tokens, tokens.length - 1) : tokens;
  }

  /**
   * A forward over the base and {@code tokens}, asking for the scores after {@code from} tokens on.
   */
  private ForwardRequest extension(int[] tokens, int from, int topK) {
    int[] path = Ids.concat(base, tokens);
    int[] seen = seen(path);
    // The token before the first place that is asked for is computed anew if it is held.
    int asked = seen.length - (tokens.length - from) - 1;
    int[] missing = cache.missing(seen, asked);
    int first = asked - (seen.length - missing.length);
    return ForwardRequest.of(
        cache.sequence(), missing, question.of(path, base.length + from, first, topK));
  }

  /** All of a path, or the window of it that the model's context holds. */
  private int[] seen(int[] path) {
    return Window.of(path, model.contextLength());
  }

  /**
   * Scores after each token of several continuations of the base, in one forward over the tree that
   * they make. What the cache holds of base and continuations is not computed again. The tree is to
   * be settled by {@link #adopt} or {@link #drop}.
   *
   * @param paths continuations
   * @param topK ids to ask for per position; 0 for none
   */
  public ScoredTree scoreTree(List<int[]> paths, int topK) {
    int[] after = new int[0];
    if (Ids.common(cache.held(), base) == base.length) {
      int[] cached = Arrays.copyOfRange(cache.held(), base.length, cache.held().length);
      // Only of the greedy path all scores are known, so only that counts as held.
      cached = Arrays.copyOf(cached, scored(paths, Arrays.copyOf(cached, agreement(cached))));
      int needed = 0;
      for (int[] path : paths) {
        needed = Math.max(needed, Ids.common(path, cached));
      }
      after = Arrays.copyOf(cached, needed);
    } else {
      fill();
    }
    cache.rollBack(Ids.concat(base, after));
    TokenTree tree = new TokenTree(after, paths, model::isEos);
    List<TokenScores> nexts = new ArrayList<>();
    if (tree.size() > 0) {
      LogitsRequest ask = question.of(tree, cache.held(), topK);
      Scores scores =
          model.extend(ForwardRequest.tree(cache.sequence(), tree.tokens(), tree.parents(), ask));
      for (int i = 0; i < tree.size(); i++) {
        nexts.add(TokenScores.of(ask, scores, i));
      }
    }
    return new ScoredTree(tree, nexts);
  }

  /**
   * Number of {@code cached} ids, which are greedy ones, that paths may share without being scored
   * anew: where a path leaves them, its next id must be among what was asked for there.
   */
  private int scored(List<int[]> paths, int[] cached) {
    int scored = cached.length;
    for (int[] path : paths) {
      int common = Ids.common(path, cached);
      if (common > 0
          && common < path.length
          && Double.isNaN(known.get(common).logProbOf(path[common]))) {
        // The id before is a greedy one, whose score is known.
        scored = Math.min(scored, common - 1);
      }
    }
    return scored;
  }

  /** Drops the tree; base and what is known stay. */
  public void drop(ScoredTree branches) {
    if (branches.tree().size() > 0) {
      cache.dropTree();
    }
  }

  /**
   * Settles the tree on the first {@code count} ids of a path, as far as they are in it, and goes
   * on from {@code ids}, which begin with those.
   */
  public void adopt(ScoredTree branches, int path, int count, int[] ids) {
    int[] nodes = branches.tree().nodes(path, count);
    int cached = Math.min(count, branches.tree().held(path)) + nodes.length;
    int[] held = Ids.concat(base, Arrays.copyOf(ids, cached));
    if (nodes.length > 0) {
      cache.keep(nodes, held);
    } else {
      drop(branches);
      cache.rollBack(held);
    }
    rebase(Ids.concat(base, ids), List.of());
  }

  @Override
  public void close() {
    cache.close();
  }
}
