package io.foresight.decoding.check;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * An n-gram model with few distinct logits, so that exact ties are frequent. It checks how it is
 * used, counts its forwards, knows which sequences were not closed, and fails when it is told to.
 * Misuse is an {@link IllegalArgumentException}.
 *
 * <p>Long, since model and sequence check each other.
 */
public final class FakeModel implements LanguageModel {

  private final int vocabulary;
  private final int context;
  private final int order;
  private final long seed;
  private final double sharpness;
  private final int eosIds;
  private final boolean tiesHigh;
  private final IntPredicate eos;
  private final int prompt;
  private final IntPredicate scored;

  private int open;
  private int mostOpen;
  private int mostTreeNodes;
  private long forwards;
  private long positions;
  private long recomputed;
  private long failing = Long.MAX_VALUE;
  private RuntimeException failure;

  private final Set<Node> computed = new HashSet<>();

  /** A token in a cache; scores are computed from the chain of nodes, never from a list of ids. */
  private record Node(Node before, int token, int length) {}

  /**
   * A model.
   *
   * @param vocabulary number of ids; at least 2
   * @param context most tokens of a sequence; at least 1
   * @param order tokens that the next one depends on; at least 0
   * @param seed whatever its logits are drawn from
   * @param sharpness least difference between two logits that are not equal; negated, what was the
   *     most probable id becomes the least
   * @param eosIds ids that end a sequence, from 0 on
   */
  public FakeModel(
      int vocabulary, int context, int order, long seed, double sharpness, int eosIds) {
    this(
        vocabulary,
        context,
        order,
        seed,
        sharpness,
        eosIds,
        false,
        id -> id < eosIds,
        0,
        id -> true);
  }

  private FakeModel(
      int vocabulary,
      int context,
      int order,
      long seed,
      double sharpness,
      int eosIds,
      boolean tiesHigh,
      IntPredicate eos,
      int prompt,
      IntPredicate scored) {
    this.vocabulary = vocabulary;
    this.context = context;
    this.order = order;
    this.seed = seed;
    this.sharpness = sharpness;
    this.eosIds = eosIds;
    this.tiesHigh = tiesHigh;
    this.eos = eos;
    this.prompt = prompt;
    this.scored = scored;
  }

  /** The same model with another context. */
  public FakeModel withContext(int other) {
    return new FakeModel(
        vocabulary, other, order, seed, sharpness, eosIds, tiesHigh, eos, prompt, scored);
  }

  /**
   * The same model for rows whose prompt has so many tokens. A prompt may hold an EOS, as those of
   * chats do; elsewhere a token after one is misuse.
   */
  public FakeModel afterPrompt(int tokens) {
    return new FakeModel(
        vocabulary, context, order, seed, sharpness, eosIds, tiesHigh, eos, tokens, scored);
  }

  /**
   * The same model with a head of the ids below {@code ids}, as drafts may have: others are never
   * chosen. At least one of them should end no sequence.
   */
  public FakeModel scoringOnly(int ids) {
    return new FakeModel(
        vocabulary, context, order, seed, sharpness, eosIds, tiesHigh, eos, prompt, id -> id < ids);
  }

  /** From now on the {@code forward}-th call of {@link #extend} and all after it fail so. */
  public void failAt(long forward, RuntimeException with) {
    failing = forwards + forward;
    failure = with;
  }

  /** Counts from 0 again. */
  public void reset() {
    forwards = 0;
    positions = 0;
    mostOpen = open;
    mostTreeNodes = 0;
  }

  /** Sequences that are open. */
  public int openSequences() {
    return open;
  }

  /** The most sequences that were open at a time. */
  public int mostOpen() {
    return mostOpen;
  }

  /** The most nodes that an unsettled tree had. */
  public int mostTreeNodes() {
    return mostTreeNodes;
  }

  /** Calls of {@link #extend}. */
  public long forwards() {
    return forwards;
  }

  /** Tokens in them. */
  public long positions() {
    return positions;
  }

  /** Positions that were computed although another forward had computed them already. */
  public long recomputed() {
    return recomputed;
  }

  /** Least difference between two logits. */
  public double sharpness() {
    return sharpness;
  }

  /** Another instance of the same model. */
  public FakeModel again() {
    return new FakeModel(
        vocabulary, context, order, seed, sharpness, eosIds, tiesHigh, eos, prompt, scored);
  }

  /** The mutant that breaks ties to the higher id. */
  public FakeModel breakingTiesHigh() {
    return new FakeModel(
        vocabulary, context, order, seed, sharpness, eosIds, true, eos, prompt, scored);
  }

  /** The mutant that never ends a sequence. */
  public FakeModel ignoringEos() {
    return new FakeModel(
        vocabulary, context, order, seed, sharpness, eosIds, tiesHigh, id -> false, prompt, scored);
  }

  /** The same of logits that {@code edit} changed. */
  public float[] logProbs(LogitsEdit edit, int... tokens) {
    Node node = null;
    for (int token : tokens) {
      node = new Node(node, token, node == null ? 1 : node.length + 1);
    }
    return logProbs(node, edit);
  }

  /** A fresh forward over {@code tokens}: log-probabilities of the token that follows them. */
  public float[] logProbs(int... tokens) {
    return logProbs(LogitsEdit.NONE, tokens);
  }

  private float[] logProbs(Node last, LogitsEdit edit) {
    long state = seed;
    Node node = last;
    for (int i = 0; i < order && node != null; i++) {
      state = state * 31 + node.token + 1;
      node = node.before;
    }
    SplittableRandom random = new SplittableRandom(state);
    float[] logits = new float[vocabulary];
    double sum = 0;
    for (int i = 0; i < vocabulary; i++) {
      logits[i] = (float) (sharpness * random.nextInt(4));
    }
    edit.apply(logits);
    for (int i = 0; i < vocabulary; i++) {
      if (!scored.test(i)) {
        logits[i] = Float.NEGATIVE_INFINITY;
      }
    }
    for (int i = 0; i < vocabulary; i++) {
      sum += Math.exp(logits[i]);
    }
    float[] logProbs = new float[vocabulary];
    for (int i = 0; i < vocabulary; i++) {
      logProbs[i] = (float) (logits[i] - Math.log(sum));
    }
    return logProbs;
  }

  /** The {@code k} ids with the highest scores. */
  int[] top(float[] scores, int k) {
    Comparator<Integer> byId = Comparator.naturalOrder();
    return IntStream.range(0, vocabulary)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(i -> -scores[i])
                .thenComparing(tiesHigh ? byId.reversed() : byId))
        .limit(k)
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private float margin(float[] scores, int k) {
    float[] highest = pick(scores, top(scores, vocabulary));
    float margin = Float.POSITIVE_INFINITY;
    for (int i = 0; i < Math.min(Math.max(k, 1), vocabulary - 1); i++) {
      // Ids without a score are no choice.
      margin =
          Math.min(margin, Float.isInfinite(highest[i]) ? margin : highest[i] - highest[i + 1]);
    }
    return margin;
  }

  @Override
  public int vocabularySize() {
    return vocabulary;
  }

  @Override
  public int contextLength() {
    return context;
  }

  @Override
  public boolean isEos(int id) {
    return eos.test(id);
  }

  @Override
  public Sequence open() {
    return opened(null);
  }

  private Sequence opened(Node last) {
    open++;
    mostOpen = Math.max(mostOpen, open);
    return new FakeSequence(last);
  }

  @Override
  public List<Scores> extend(List<ForwardRequest> extensions) {
    require(!extensions.isEmpty(), "an empty forward");
    forwards++;
    if (forwards >= failing) {
      throw failure;
    }
    Set<Sequence> seen = new HashSet<>();
    List<Scores> all = new ArrayList<>();
    for (ForwardRequest extension : extensions) {
      require(extension.isAlone() || seen.add(extension.sequence()), "a sequence twice");
      FakeSequence sequence =
          extension.isAlone() ? new FakeSequence(null) : (FakeSequence) extension.sequence();
      all.add(sequence.extend(extension));
    }
    return all;
  }

  private Scores scores(List<Node> nodes, LogitsRequest ask) {
    int from = Math.min(ask.from(), nodes.size());
    require(from >= 0, "a negative position");
    int asked = nodes.size() - from;
    int[] argmax = new int[asked];
    float[] best = new float[asked];
    float[] bestScore = new float[asked];
    int[][] topIds = ask.topK() == 0 ? null : new int[asked][];
    float[][] topLogProbs = ask.topK() == 0 ? null : new float[asked][];
    float[][] topScores = ask.topK() == 0 ? null : new float[asked][];
    float[][] gathered = ask.gather() == null ? null : new float[asked][];
    float[][] gatheredScores = ask.gather() == null ? null : new float[asked][];
    float[][] rows = ask.rows() ? new float[asked][] : null;
    float[] margin = new float[asked];
    require(ask.topK() <= vocabulary, "more ids than there are");
    for (int i = 0; i < asked; i++) {
      LogitsEdit edit = ask.edits() == null ? LogitsEdit.NONE : ask.edits()[i];
      float[] logProbs = logProbs(nodes.get(from + i), edit);
      float[] scores =
          ask.noise() == null ? logProbs : perturbed(logProbs, ask.noise(), ask.places()[i]);
      argmax[i] = top(scores, 1)[0];
      best[i] = ask.logProbs() ? logProbs[argmax[i]] : Float.NaN;
      bestScore[i] = ask.logProbs() ? scores[argmax[i]] : Float.NaN;
      margin[i] = margin(scores, ask.topK());
      if (topIds != null) {
        topIds[i] = top(scores, ask.topK());
        topLogProbs[i] = pick(logProbs, topIds[i]);
        topScores[i] = pick(scores, topIds[i]);
      }
      if (gathered != null) {
        gathered[i] = pick(logProbs, ask.gather()[i]);
        gatheredScores[i] = pick(scores, ask.gather()[i]);
      }
      if (rows != null) {
        rows[i] = logProbs;
      }
    }
    return new Scores(
        argmax,
        best,
        bestScore,
        topIds,
        topLogProbs,
        topScores,
        gathered,
        gatheredScores,
        rows,
        margin);
  }

  /** Scores of the token that {@code place} tokens precede: log p' with noise. */
  static float[] perturbed(float[] logProbs, Noise noise, int place) {
    double[] sampled = noise.sampler().distribution(logProbs);
    float[] scores = new float[logProbs.length];
    for (int id = 0; id < scores.length; id++) {
      scores[id] = (float) (Math.log(sampled[id]) + Noise.gumbel(noise.key(place), id));
    }
    return scores;
  }

  private static float[] pick(float[] logProbs, int[] ids) {
    float[] picked = new float[ids.length];
    for (int i = 0; i < ids.length; i++) {
      picked[i] = logProbs[ids[i]];
    }
    return picked;
  }

  private static void require(boolean valid, String what) {
    if (!valid) {
      throw new IllegalArgumentException("Cannot use the model so: " + what + ".");
    }
  }

  private final class FakeSequence implements Sequence {
    private Node last;
    private Node[] tree;
    private int[] parents;
    private boolean closed;

    FakeSequence(Node last) {
      this.last = last;
    }

    private int settled() {
      return last == null ? 0 : last.length;
    }

    Scores extend(ForwardRequest extension) {
      int[] tokens = extension.tokens();
      require(!closed, "a closed sequence");
      require(tree == null, "an unsettled tree");
      require(tokens.length > 0, "no tokens");
      positions += tokens.length;
      Node[] nodes = new Node[tokens.length];
      for (int i = 0; i < tokens.length; i++) {
        require(tokens[i] >= 0 && tokens[i] < vocabulary, "an id out of range");
        int parent = extension.parents() == null ? i - 1 : extension.parents()[i];
        require(parent < i, "a parent that does not precede its child");
        Node before = parent < 0 ? back(-1 - parent) : nodes[parent];
        require(
            before == null || before.length <= prompt || !isEos(before.token), "a token after EOS");
        require(before == null || before.length < context, "beyond the context");
        nodes[i] = new Node(before, tokens[i], before == null ? 1 : before.length + 1);
        recomputed += computed.add(nodes[i]) ? 0 : 1;
      }
      if (extension.parents() == null) {
        last = nodes[nodes.length - 1];
      } else {
        tree = nodes;
        parents = extension.parents().clone();
        mostTreeNodes = Math.max(mostTreeNodes, nodes.length);
      }
      return scores(Arrays.asList(nodes), extension.ask());
    }

    /** The last node but {@code count}. */
    private Node back(int count) {
      require(count <= settled(), "a parent before the first token");
      Node node = last;
      for (int i = 0; i < count; i++) {
        node = node.before;
      }
      return node;
    }

    @Override
    public int length() {
      return settled() + (tree == null ? 0 : tree.length);
    }

    @Override
    public void truncate(int length) {
      require(!closed && tree == null, "a closed or unsettled sequence");
      require(length >= 0 && length <= length(), "a length out of range");
      while (settled() > length) {
        last = last.before;
      }
    }

    @Override
    public Sequence fork() {
      require(!closed && tree == null, "a closed or unsettled sequence");
      return opened(last);
    }

    @Override
    public void keep(int... path) {
      require(!closed, "a closed sequence");
      if (tree == null) {
        throw new IllegalStateException("the last extension was no tree");
      }
      int parent = -1;
      for (int node : path) {
        require(node >= 0 && node < tree.length, "no node of the tree");
        boolean follows = parent < 0 ? parents[node] < 0 : parents[node] == parent;
        require(follows, "no path of the tree");
        parent = node;
      }
      if (path.length > 0) {
        last = tree[parent];
      }
      tree = null;
      parents = null;
    }

    @Override
    public void close() {
      require(!closed, "closed twice");
      closed = true;
      open--;
    }
  }
}
