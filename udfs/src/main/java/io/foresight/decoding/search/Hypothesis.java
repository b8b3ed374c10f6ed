package io.foresight.decoding.search;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.LogitsRules;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One model's view of a hypothesis of tokens: the <em>base</em>, which is given, and the model's
 * greedy continuation of it as far as it is <em>known</em>. The cache follows by itself: a forward
 * over a path first rolls it back to what it has in common with that path, so whatever it still
 * holds is not computed again, and a token that was committed last travels with the next forward.
 * Of a hypothesis that outgrows the model's context the model sees a {@link Window}, and can be
 * asked for the token after it alone: a draft's is all that ever does.
 *
 * <p>Long, since the cache and what is known must agree at every step.
 */
public final class Hypothesis implements AutoCloseable {

  /** What every score of a hypothesis comes with. */
  public enum Detail {
    /** The arg max: all that a draft is for. */
    IDS,
    /** Its log-probability too. */
    LOG_PROBS,
    /** The full row of log-probabilities too. */
    ROWS;

    private LogitsRequest ask(
        int from, int topK, int[][] gather, Noise noise, int[] places, LogitsEdit[] edits) {
      boolean logProbs = this != IDS || topK > 0 || gather != null;
      return new LogitsRequest(
          from, logProbs, topK, gather, this == ROWS, noise, noise == null ? null : places, edits);
    }
  }

  private final LanguageModel model;
  private final Detail detail;
  private final Noise noise;
  private final List<TokenScores> known = new ArrayList<>();
  private Sequence sequence;
  private int[] held;
  private int[] base;
  private int[] gather = {};

  /** The draft that was scored last, and the scores at its positions, accepted or not. */
  private int[] draft = {};

  private List<TokenScores> draftScores = List.of();

  private Hypothesis(
      LanguageModel model, Detail detail, Noise noise, Sequence sequence, int[] held, int[] base) {
    this.model = model;
    this.detail = detail;
    this.noise = noise;
    this.sequence = sequence;
    this.held = held;
    this.base = base;
  }

  /**
   * Opens a hypothesis with an empty cache.
   *
   * @param detail what every score comes with
   * @param noise what perturbs the scores, so that <em>greedy</em> is of the perturbed ones; {@code
   *     null} for nothing
   */
  public static Hypothesis open(LanguageModel model, int[] base, Detail detail, Noise noise) {
    return new Hypothesis(model, detail, noise, model.open(), new int[0], base);
  }

  /** Branches to the same base with other noise, of which nothing is known yet. */
  public Hypothesis fork(Noise other) {
    return new Hypothesis(model, detail, other, sequence.fork(), held, base);
  }

  /** Branches to the base followed by {@code tokens}, with what is known of that. */
  public Hypothesis fork(int... tokens) {
    Hypothesis hypothesis = new Hypothesis(model, detail, noise, sequence.fork(), held, base);
    hypothesis.gather = gather;
    hypothesis.known.addAll(known);
    hypothesis.draft = draft;
    hypothesis.draftScores = draftScores;
    hypothesis.advance(tokens);
    return hypothesis;
  }

  /** From now on every score comes with the log-probabilities of {@code ids}. */
  public void gather(int[] ids) {
    gather = ids;
  }

  /** Branches to another base, of which nothing is known but what the cache holds. */
  public Hypothesis branch(int[] to) {
    Hypothesis hypothesis = new Hypothesis(model, detail, noise, sequence.fork(), held, to);
    hypothesis.gather = gather;
    return hypothesis;
  }

  /** Appends {@code tokens} to the base; what is known stays where they are the greedy ones. */
  public void advance(int... tokens) {
    int agreed = agreement(tokens);
    base = Ids.concat(base, tokens);
    if (Ids.common(tokens, draft) == tokens.length) {
      draft = Arrays.copyOfRange(draft, tokens.length, draft.length);
      int scored = draftScores.size();
      draftScores = draftScores.subList(Math.min(tokens.length, scored), scored);
    } else {
      forgetDraft();
    }
    if (agreed == tokens.length) {
      known.subList(0, agreed).clear();
    } else {
      // A draft token that was not the greedy one was scored all the same.
      known.clear();
      learn(draft, draftScores);
    }
  }

  private void forgetDraft() {
    draft = new int[0];
    draftScores = List.of();
  }

  /**
   * Takes over another hypothesis's cache, base and knowledge, and leaves it this one's cache to
   * close.
   */
  public void adopt(Hypothesis other) {
    Sequence mine = sequence;
    sequence = other.sequence;
    other.sequence = mine;
    int[] mineHeld = held;
    held = other.held;
    other.held = mineHeld;
    rebase(other.base, other.known());
    draft = other.draft;
    draftScores = other.draftScores;
  }

  /** Replaces the base and what is known to follow it. */
  public void rebase(int[] newBase, List<TokenScores> newKnown) {
    List<TokenScores> copy = List.copyOf(newKnown);
    base = newBase;
    known.clear();
    known.addAll(copy);
    forgetDraft();
  }

  /** Forgets the greedy continuation beyond its first {@code count} tokens. */
  public void forget(int count) {
    known.subList(Math.min(count, known.size()), known.size()).clear();
    forgetDraft();
  }

  /** The tokens that are given, the prompt's included; not to be written to. */
  public int[] base() {
    return base;
  }

  /** The greedy continuation as far as it is known; a copy. */
  public List<TokenScores> known() {
    return List.copyOf(known);
  }

  /** The first {@code count} ids of the greedy continuation, or fewer if fewer are known. */
  public int[] greedy(int count) {
    return known.stream().limit(count).mapToInt(TokenScores::id).toArray();
  }

  /** Number of leading {@code tokens} that are known to be the greedy ones. */
  public int agreement(int[] tokens) {
    return Ids.common(tokens, greedy(tokens.length));
  }

  /** Whether the greedy continuation is known up to {@code count} tokens or EOS. */
  public boolean reaches(int count) {
    return known.size() >= count || ended();
  }

  private boolean ended() {
    return !known.isEmpty() && model.isEos(known.get(known.size() - 1).id());
  }

  /** Scores of the token after the base; one forward unless they are known. */
  public TokenScores next(int topK) {
    if (known.isEmpty() || (topK > 0 && known.get(0).topIds() == null)) {
      TokenScores next = one(extension(new int[0], 0, topK));
      if (known.isEmpty() || known.get(0).id() != next.id()) {
        known.clear();
        known.add(next);
      } else {
        known.set(0, next);
      }
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
    int[] places = IntStream.rangeClosed(from, path.length).toArray();
    LogitsRequest ask = detail.ask(from - 1, 0, ids, noise, places, edits(path, places));
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
    int common = Ids.common(held, path);
    if (common < path.length) {
      sequence.truncate(common);
      int[] tokens = Arrays.copyOfRange(path, common, path.length);
      held = path;
      model.extend(ForwardRequest.of(sequence, tokens, LogitsRequest.NOTHING));
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
    while (true) {
      List<Hypothesis> going = new ArrayList<>();
      List<ForwardRequest> extensions = new ArrayList<>();
      for (int i = 0; i < counts.length; i++) {
        Hypothesis hypothesis = hypotheses.get(i);
        if (!hypothesis.reaches(counts[i])) {
          going.add(hypothesis);
          int[] path = hypothesis.greedy(counts[i]);
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
      hypothesis.scored(
          drafts.get(open.get(i)),
          List.copyOf(hypothesis.known),
          extensions.get(i).ask(),
          scores.get(i));
    }
  }

  /**
   * Takes note of the scores along {@code tokens}: {@code first} and, from there on, {@code more}.
   */
  private List<TokenScores> scored(
      int[] tokens, List<TokenScores> first, LogitsRequest ask, Scores more) {
    List<TokenScores> scores = new ArrayList<>(first);
    for (int i = 0; i < more.argmax().length; i++) {
      scores.add(TokenScores.of(ask, more, i));
    }
    if (agreement(tokens) == known.size()) {
      int from = known.size();
      learn(Arrays.copyOfRange(tokens, from, tokens.length), scores.subList(from, scores.size()));
    }
    draft = tokens;
    draftScores = scores;
    return scores;
  }

  /** Adds to what is known as far as {@code tokens}, which follow that, are the greedy ones. */
  private void learn(int[] tokens, List<TokenScores> scores) {
    for (int i = 0; i < scores.size(); i++) {
      known.add(scores.get(i));
      if (i < tokens.length && tokens[i] != scores.get(i).id()) {
        return;
      }
    }
  }

  /**
   * Scores after the base and after each of {@code tokens}, whether they are the greedy ones or
   * not; none after an EOS. At most one forward.
   */
  public List<TokenScores> along(int[] tokens, int topK) {
    int[] path = withoutEos(tokens);
    List<TokenScores> scores =
        List.copyOf(known.subList(0, Math.min(agreement(path) + 1, known.size())));
    if (scores.size() > path.length) {
      return scores;
    }
    ForwardRequest extension = extension(path, scores.size(), topK);
    return scored(tokens, scores, extension.ask(), model.extend(extension));
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
    int[] path = seen(Ids.concat(base, tokens));
    int asked = path.length - (tokens.length - from) - 1;
    int common = Math.min(Ids.common(held, path), asked);
    sequence.truncate(common);
    held = path;
    int[] appended = Arrays.copyOfRange(path, common, path.length);
    int first = base.length + from;
    int[] places = IntStream.rangeClosed(first, base.length + tokens.length).toArray();
    LogitsEdit[] edits = edits(Ids.concat(base, tokens), places);
    return ForwardRequest.of(sequence, appended, ask(asked - common, places, edits, topK));
  }

  /** All of a path, or the window of it that the model's context holds. */
  private int[] seen(int[] path) {
    return Window.of(path, model.contextLength());
  }

  /** What becomes of the logits at places of a path; {@code null} if they stay as they are. */
  private LogitsEdit[] edits(int[] path, int[] places) {
    LogitsRules rules = model.rules();
    return rules == LogitsRules.NONE
        ? null
        : Arrays.stream(places)
            .mapToObj(place -> rules.at(Arrays.copyOf(path, place)).within(model.vocabularySize()))
            .toArray(LogitsEdit[]::new);
  }

  /** The same of a tree's nodes. */
  private LogitsEdit[] edits(TokenTree tree) {
    LogitsRules rules = model.rules();
    return rules == LogitsRules.NONE
        ? null
        : IntStream.range(0, tree.size())
            .mapToObj(node -> rules.at(tree.path(held, node)).within(model.vocabularySize()))
            .toArray(LogitsEdit[]::new);
  }

  private LogitsRequest ask(int from, int[] places, LogitsEdit[] edits, int topK) {
    int[][] wanted = null;
    if (gather.length > 0) {
      wanted = new int[places.length][];
      Arrays.fill(wanted, gather);
    }
    return detail.ask(from, topK, wanted, noise, places, edits);
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
    int common = Ids.common(held, base);
    int[] after = new int[0];
    if (common == base.length) {
      // Only of the greedy path all scores are known, so only that counts as held.
      int[] cached = Arrays.copyOfRange(held, base.length, held.length);
      cached = Arrays.copyOf(cached, scored(paths, Arrays.copyOf(cached, agreement(cached))));
      int needed = 0;
      for (int[] path : paths) {
        needed = Math.max(needed, Ids.common(path, cached));
      }
      after = Arrays.copyOf(cached, needed);
    } else {
      fill();
    }
    held = Ids.concat(base, after);
    sequence.truncate(held.length);
    TokenTree tree = new TokenTree(after, paths, model::isEos);
    List<TokenScores> nexts = new ArrayList<>();
    if (tree.size() > 0) {
      int[][] wanted = new int[tree.size()][];
      for (int i = 0; i < wanted.length; i++) {
        wanted[i] = Ids.concat(gather, tree.followers(i));
      }
      LogitsRequest ask = detail.ask(0, topK, wanted, noise, tree.places(held.length), edits(tree));
      Scores scores =
          model.extend(ForwardRequest.tree(sequence, tree.tokens(), tree.parents(), ask));
      for (int i = 0; i < wanted.length; i++) {
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
      sequence.keep();
    }
  }

  /**
   * Settles the tree on the first {@code count} ids of a path, as far as they are in it, and goes
   * on from {@code ids}, which begin with those.
   */
  public void adopt(ScoredTree branches, int path, int count, int[] ids) {
    int[] nodes = branches.tree().nodes(path, count);
    int cached = Math.min(count, branches.tree().held(path)) + nodes.length;
    if (nodes.length > 0) {
      sequence.keep(nodes);
    } else {
      drop(branches);
      sequence.truncate(base.length + cached);
    }
    held = Ids.concat(base, Arrays.copyOf(ids, cached));
    rebase(Ids.concat(base, ids), List.of());
  }

  /** A tree of continuations, and the scores after each of its nodes. */
  public record ScoredTree(TokenTree tree, List<TokenScores> scores) {

    /** The scores after the first {@code count} ids of a path; {@code null} if those were held. */
    public TokenScores after(int path, int count) {
      int[] nodes = tree.nodes(path, count);
      return nodes.length == 0 ? null : scores.get(nodes[nodes.length - 1]);
    }
  }

  @Override
  public void close() {
    sequence.close();
  }
}
