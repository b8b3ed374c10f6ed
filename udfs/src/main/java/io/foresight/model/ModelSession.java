package io.foresight.model;

import static java.util.stream.Collectors.groupingBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Sampler;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.budget.DraftFit;
import io.foresight.decoding.budget.ForwardCost;
import io.foresight.model.checkpoint.ModelConfig;
import io.foresight.model.cost.ForwardStats;
import io.foresight.model.text.ModelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One task's view of a {@link CausalLm}: sequences in the slots of one KV cache, which grows as
 * they need it, within a limit. Only one thread may call {@link #extend} and {@link #close}, which
 * run native code. Sequences may be opened, forked, rolled back and closed by other threads in the
 * meantime, each by the thread of its row: that is bookkeeping, and what it takes in the cache is
 * done by the next forward.
 *
 * <p>A forward that fails ends the session: what its caches hold by then nobody knows. Others on
 * the same model are not concerned.
 *
 * <p>Long, since all that touches the cache does so in here.
 */
public final class ModelSession implements LanguageModel, AutoCloseable {

  /** Tokens of the shortest prompt that may share its beginning with others. */
  public static final int SHORTEST_SHARED = PromptSharing.LEAST + 1;

  private static final int INITIAL_SLOTS = 8;
  private static final int POSITIONS_STEP = 64;

  /** Positions of a beginning that one forward computes. */
  private static final int FILL_POSITIONS = 512;

  private final CausalLm model;
  private final ModelConfig config;
  private final CacheBudget budget;
  private final CacheBudget.Lender lender;
  private final RequestCheck check;
  private final CacheSlots cacheSlots = new CacheSlots();
  private final PromptSharing sharing;
  private IValue cache;
  private int slots;
  private int positions;
  private ForwardStats stats = ForwardStats.ZERO;

  private DraftFit fit = DraftFit.UNKNOWN;

  /** Whether a forward has begun and not come to its end. */
  private boolean broken;

  private boolean closed;

  /** Whether close scores are computed anew. */
  private boolean exact;

  private final CanonicalCache canonical;

  ModelSession(CausalLm model, CacheBudget budget) {
    this(model, INITIAL_SLOTS, 1, budget);
  }

  ModelSession(CausalLm model, CacheBudget budget, int slots, int positions) {
    this(model, slots, positions, checked(model, budget, slots, positions));
  }

  private static CacheBudget checked(CausalLm model, CacheBudget budget, int slots, int positions) {
    long bytes = model.cacheBytes(slots, roundedPositions(positions));
    makeRoom(budget, bytes);
    if (!budget.holds(bytes)) {
      throw new CacheMemoryException(
          "Cannot make a cache of model %s for %d sequences of %d tokens: it would take %d MiB of the %d MiB that it may. Set a larger models.cache-memory."
              .formatted(
                  model.checkpoint().folder(),
                  slots,
                  positions,
                  bytes >> 20,
                  budget.bytes() >> 20));
    }
    return budget;
  }

  private ModelSession(CausalLm model, int slots, int wantedPositions, CacheBudget budget) {
    this.model = model;
    this.config = model.config();
    this.budget = budget;
    this.slots = slots;
    this.positions = roundedPositions(wantedPositions);
    this.sharing =
        new PromptSharing(model, budget, needed -> budget.makeRoom(needed, false), this::fill);
    this.cache =
        model.script().call("new_cache", IValue.from((long) slots), IValue.from((long) positions));
    // Not before, since one that cannot be made takes nothing.
    budget.take(slotsBytes());
    this.exact = model.hasCanonicalScores();
    this.canonical = new CanonicalCache(() -> new ModelSession(model, budget, 1, 1));
    this.lender = this::giveUp;
    this.check = new RequestCheck(this, config);
    budget.join(lender);
  }

  @Override
  public int vocabularySize() {
    return config.vocabulary();
  }

  @Override
  public int contextLength() {
    return config.context();
  }

  @Override
  public boolean isEos(int id) {
    return config.eos().contains(id);
  }

  @Override
  public Sequence open() {
    return new Slot(cacheSlots.allocate());
  }

  /** What the forwards so far took; to be read by the thread that calls {@link #extend}. */
  public ForwardStats stats() {
    return canonical.session() == null ? stats : stats.plus(canonical.session().stats);
  }

  /**
   * Memory of the cache as it is now, shared beginnings included, in bytes; without what near ties
   * take.
   */
  public long cacheBytes() {
    return slotsBytes() + sharing.cacheBytes();
  }

  private long slotsBytes() {
    return model.cacheBytes(slots, positions);
  }

  /**
   * Whether prompts that come share what they begin with alike, which is computed once then; as
   * they do unless this says otherwise. Of the thread that calls {@link #extend}.
   */
  public void sharePrompts(boolean wanted) {
    sharing.turn(wanted);
  }

  /**
   * Announces a prompt that will be extended by, so that those that come before it compute what
   * they have in common with it once too. Of the thread that calls {@link #extend}.
   */
  public void expect(int[] prompt) {
    sharing.expect(prompt);
  }

  /**
   * How many tokens of a prompt it shares with prompts that came or were announced, as far as can
   * be told now: those take no place in its own sequences. Of the thread that calls {@link
   * #extend}.
   *
   * @return 0 for none
   */
  public int shared(int[] prompt) {
    return sharing.beginning(prompt);
  }

  /** Positions per sequence that a cache is given which needs {@code wanted}. */
  public static int roundedPositions(int wanted) {
    return (wanted + POSITIONS_STEP - 1) / POSITIONS_STEP * POSITIONS_STEP;
  }

  private void reserve(int wantedSlots, int wantedPositions) {
    if (wantedSlots <= slots && wantedPositions <= positions) {
      return;
    }
    int newSlots = wantedSlots <= slots ? slots : Math.max(wantedSlots, slots + slots / 2);
    int newPositions =
        wantedPositions <= positions
            ? positions
            : Math.max(roundedPositions(wantedPositions), positions * 2);
    // The old cache is there while its contents move.
    if (!budget.holds(model.cacheBytes(newSlots, newPositions))) {
      newSlots = wantedSlots;
      newPositions = Math.max(positions, roundedPositions(wantedPositions));
    }
    makeRoom(budget, model.cacheBytes(newSlots, newPositions));
    if (!budget.holds(model.cacheBytes(newSlots, newPositions))) {
      throw new CacheMemoryException(
          "Cannot grow the cache of model %s to %d sequences of %d tokens: with the one that it replaces it would take %d MiB of the %d MiB that it may. Set a smaller decoding.batch or a larger models.cache-memory."
              .formatted(
                  model.checkpoint().folder(),
                  newSlots,
                  newPositions,
                  (slotsBytes() + model.cacheBytes(newSlots, newPositions)) >> 20,
                  budget.bytes() >> 20));
    }
    IValue larger =
        model
            .script()
            .callOn(cache, "grow", IValue.from((long) newSlots), IValue.from((long) newPositions));
    cache.close();
    cache = larger;
    budget.take(model.cacheBytes(newSlots, newPositions));
    budget.giveBack(slotsBytes());
    slots = newSlots;
    positions = newPositions;
  }

  /** What near ties are decided by goes first, then beginnings that no sequence refers to. */
  private static void makeRoom(CacheBudget budget, long needed) {
    budget.makeRoom(needed, false);
    budget.makeRoom(needed, true);
  }

  private void giveUp(long needed, boolean beginnings) {
    if (!canonical.isBusy()) {
      forgetCanonical();
    }
    if (beginnings) {
      sharing.makeRoom(needed);
    }
  }

  /**
   * As the interface says. In fp32 on the CPU, a position whose margin is below {@link
   * LogitsRequest#nearTie} is scored anew in a forward of its own over its whole path: matrix
   * libraries choose kernels by shape, so that only then the choice is the same however it was
   * batched.
   *
   * @throws ModelException if scores are not finite, or the cache would outgrow its limit
   * @throws IllegalStateException if a forward has failed before
   */
  @Override
  public List<Scores> extend(List<ForwardRequest> extensions) {
    check.require(extensions);
    begin();
    long started = System.nanoTime();
    List<ForwardRequest> together =
        inParts(sharing.share(extensions.stream().filter(e -> !e.isAlone()).toList()));
    Iterator<ForwardRequest> forwarded = together.iterator();
    Iterator<Scores> scores = Collections.emptyIterator();
    if (!together.isEmpty()) {
      scores = forward(together).iterator();
      int appended = together.stream().mapToInt(e -> e.tokens().length).sum();
      stats = stats.plusAsked(System.nanoTime() - started, together.size(), appended);
    }
    List<Scores> results = new ArrayList<>();
    for (ForwardRequest extension : extensions) {
      if (extension.isAlone()) {
        results.add(alone(extension.tokens(), extension.ask()));
      } else {
        results.add(scores.next());
        ForwardRequest computed = forwarded.next();
        if (hasCanonicalScores()) {
          settle((Slot) extension.sequence(), computed, results.get(results.size() - 1));
        }
      }
    }
    for (ForwardRequest extension : together) {
      ((Slot) extension.sequence()).extended(extension);
    }
    broken = false;
    return results;
  }

  /** Makes the session that of a draft. */
  public void drafts(DraftFit fit) {
    this.fit = fit;
  }

  @Override
  public DraftFit fit() {
    return fit;
  }

  @Override
  public ForwardCost cost() {
    return model.cost();
  }

  @Override
  public boolean hasCanonicalScores() {
    return exact;
  }

  /**
   * The same requests, of which those for more tokens than a forward should see at a time are done
   * but for the last ones: what a query may see is said for each position of its sequence, so that
   * a forward's memory grows with their product.
   */
  private List<ForwardRequest> inParts(List<ForwardRequest> requests) {
    return requests.stream().map(this::lastPart).toList();
  }

  private ForwardRequest lastPart(ForwardRequest request) {
    ForwardRequest rest = request;
    while (rest.parents() == null
        && rest.tokens().length > FILL_POSITIONS
        && (rest.asked() == 0 || rest.ask().from() >= FILL_POSITIONS)) {
      int[] ids = rest.tokens();
      ForwardRequest part =
          ForwardRequest.of(
              rest.sequence(), Arrays.copyOf(ids, FILL_POSITIONS), LogitsRequest.NOTHING);
      oneForward(List.of(part));
      ((Slot) part.sequence()).extended(part);
      stats = stats.plusAsked(0, 0, FILL_POSITIONS);
      LogitsRequest ask = rest.ask();
      rest =
          ForwardRequest.of(
              rest.sequence(),
              Arrays.copyOfRange(ids, FILL_POSITIONS, ids.length),
              rest.asked() == 0 ? ask : ask.from(ask.from() - FILL_POSITIONS));
    }
    return rest;
  }

  /** From now on close scores are as they fall: they may depend on what else is decoded. */
  public void leaveNearTies() {
    exact = false;
  }

  /** Puts the keys and values of tokens into a cache of one slot, some at a time. */
  private void fill(IValue single, int[] ids, int done) {
    // Not of this session's cache, and never closed: it is no slot that could be freed.
    Slot slot = new Slot(0);
    slot.append(Arrays.copyOf(ids, done));
    while (slot.length() < ids.length) {
      int end = Math.min(slot.length() + FILL_POSITIONS, ids.length);
      int[] some = Arrays.copyOfRange(ids, slot.length(), end);
      ForwardRequest request = ForwardRequest.of(slot, some, LogitsRequest.NOTHING);
      ForwardPlan plan =
          new ForwardPlan(List.of(request), ids.length, List.of(), config, model.isOnGpu());
      checkFinite(plan, run(single, plan));
      stats = stats.plusForward(1, some.length, 0, 0).plusAsked(0, 1, some.length);
      slot.extended(request);
    }
  }

  private void begin() {
    if (broken) {
      throw new IllegalStateException(
          "Cannot use a session of model %s: a forward of it has failed. Open another one."
              .formatted(model.checkpoint().folder()));
    }
    broken = true;
  }

  /**
   * What the head makes of the last token of each text, [texts][outputs], in one forward.
   *
   * @throws IllegalArgumentException if a text has no token or more than the context holds
   */
  public float[][] logits(List<int[]> texts) {
    List<ForwardRequest> extensions =
        texts.stream()
            .map(
                ids ->
                    ForwardRequest.of(
                        new Slot(cacheSlots.allocate()), ids, LogitsRequest.ids(ids.length - 1)))
            .toList();
    try {
      check.require(extensions);
      begin();
      List<ForwardRequest> last = inParts(extensions);
      ForwardPlan plan = plan(last, texts.stream().mapToInt(ids -> ids.length).max().orElseThrow());
      plan.askForLogits();
      float[] all = run(cache, plan);
      broken = false;
      float[][] logits = new float[texts.size()][];
      for (int i = 0; i < logits.length; i++) {
        int outputs = config.head().outputs();
        logits[i] = Arrays.copyOfRange(all, i * outputs, (i + 1) * outputs);
      }
      return logits;
    } finally {
      extensions.forEach(extension -> extension.sequence().close());
    }
  }

  private void settle(Slot slot, ForwardRequest extension, Scores scores) {
    LogitsRequest ask = extension.ask();
    for (int i = 0; i < scores.margin().length; i++) {
      if (scores.margin()[i] < ask.nearTie()) {
        int[] path = slot.path(extension, ask.from() + i);
        int[][] gather = ask.gather() == null ? null : new int[][] {ask.gather()[i]};
        int[] places = ask.places() == null ? null : new int[] {ask.places()[i]};
        LogitsRequest last =
            new LogitsRequest(
                path.length - 1,
                ask.logProbs(),
                ask.topK(),
                gather,
                ask.rows(),
                ask.noise(),
                places,
                ask.edits() == null ? null : new LogitsEdit[] {ask.edits()[i]});
        scores.replace(i, alone(path, last));
      }
    }
  }

  /** As a function of the tokens alone. */
  private Scores alone(int[] tokens, LogitsRequest ask) {
    long started = System.nanoTime();
    try {
      return canonical.score(tokens, ask);
    } finally {
      stats = stats.plusCanonical(System.nanoTime() - started);
    }
  }

  /** Whether the budget holds a cache of so many sequences of so many tokens. */
  boolean hasRoom(int wantedSlots, int wantedPositions) {
    int newSlots = Math.max(slots, wantedSlots);
    int newPositions = Math.max(positions, roundedPositions(wantedPositions));
    return (newSlots == slots && newPositions == positions)
        || budget.holds(model.cacheBytes(newSlots, newPositions));
  }

  /** An empty sequence, as {@link #open} gives it. */
  Slot openSlot() {
    return new Slot(cacheSlots.allocate());
  }

  /** One forward over one sequence, with nothing settled. */
  Scores extendAsIs(ForwardRequest request) {
    return oneForward(List.of(request)).get(0);
  }

  /** In one forward, but for scores that are perturbed otherwise, or not: those take another. */
  private List<Scores> forward(List<ForwardRequest> extensions) {
    // What asks for nothing goes along with anything.
    if (extensions.stream().filter(e -> e.asked() > 0).map(ModelSession::sampler).distinct().count()
        < 2) {
      return oneForward(extensions);
    }
    Map<Optional<Sampler>, List<ForwardRequest>> alike =
        extensions.stream().collect(groupingBy(ModelSession::sampler));
    IdentityHashMap<ForwardRequest, Scores> scores = new IdentityHashMap<>();
    for (List<ForwardRequest> some : alike.values()) {
      List<Scores> of = oneForward(some);
      for (int i = 0; i < some.size(); i++) {
        scores.put(some.get(i), of.get(i));
      }
    }
    return extensions.stream().map(scores::get).toList();
  }

  private static Optional<Sampler> sampler(ForwardRequest extension) {
    return Optional.ofNullable(extension.ask().noise()).map(Noise::sampler);
  }

  private List<Scores> oneForward(List<ForwardRequest> extensions) {
    // In the order of their slots, since only a range of ascending slots is read in place.
    Integer[] order = new Integer[extensions.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Integer.compare(index(extensions, a), index(extensions, b)));
    List<ForwardRequest> ordered = new ArrayList<>(order.length);
    int needed = 0;
    for (int i : order) {
      ForwardRequest extension = extensions.get(i);
      ordered.add(extension);
      Slot slot = (Slot) extension.sequence();
      needed = Math.max(needed, slot.length() - slot.shared() + extension.tokens().length);
    }
    ForwardPlan plan = plan(ordered, needed);
    float[] result = run(cache, plan);
    checkFinite(plan, result);
    List<Scores> scores = plan.scores(result);
    stats =
        stats.plusForward(
            extensions.size(),
            plan.positions,
            plan.asked,
            plan.copiedPositions * model.cacheBytes(1, 1));
    Scores[] results = new Scores[order.length];
    for (int i = 0; i < results.length; i++) {
      results[order[i]] = scores.get(i);
    }
    return List.of(results);
  }

  private void checkFinite(ForwardPlan plan, float[] result) {
    if (!plan.isFinite(result)) {
      throw new ModelException(
          "Cannot score with model %s: its scores are not finite (NaN or infinite). Check its weights, or take another precision."
              .formatted(model.checkpoint().folder()));
    }
  }

  /** Makes room in the cache and plans the forward, with the copies that are to be done before. */
  private ForwardPlan plan(List<ForwardRequest> ordered, int wantedPositions) {
    CacheSlots.Work work = cacheSlots.take();
    reserve(work.slots(), wantedPositions);
    return new ForwardPlan(ordered, positions, work.copies(), config, model.isOnGpu());
  }

  private static int index(List<ForwardRequest> extensions, int i) {
    return ((Slot) extensions.get(i).sequence()).slot;
  }

  private float[] run(IValue slotsCache, ForwardPlan plan) {
    try (PtNDManager manager = model.script().manager().newSubManager(ai.djl.Device.cpu());
        IValue result =
            model
                .script()
                .callOn(
                    plan.shares ? List.of(slotsCache, sharing.caches()) : List.of(slotsCache),
                    plan.shares ? "forward_sharing" : "forward",
                    IValue.listFrom(plan.plan),
                    tensor(manager.create(plan.whole, new Shape(plan.whole.length))),
                    tensor(manager.create(plan.masks, new Shape(plan.masks.length))),
                    IValue.listFrom(plan.sampler),
                    IValue.listFrom(plan.keys),
                    tensor(manager.create(plan.edited, new Shape(plan.edited.length))),
                    tensor(manager.create(plan.changes, new Shape(plan.changes.length))));
        NDArray scores = result.toTensor(manager)) {
      return scores.toFloatArray();
    }
  }

  private static IValue tensor(NDArray array) {
    return IValue.from((PtNDArray) array);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    budget.leave(lender);
    forgetCanonical();
    cache.close();
    budget.giveBack(slotsBytes());
    sharing.close();
  }

  private void forgetCanonical() {
    if (canonical.session() != null) {
      stats = stats.plus(canonical.session().stats);
      canonical.close();
    }
  }

  /**
   * A sequence: its tokens, and a slot of the cache with their keys and values, but for the first
   * ones that a shared prefix holds.
   */
  final class Slot implements Sequence {

    private final int slot;
    private int[] tokens = {};
    private int length;
    private int[] parents;
    private SharedPrefix prefix;

    /** Tokens that the prefix holds for it; the slot's first position is that of the next one. */
    private int shared;

    private boolean closed;

    private Slot(int slot) {
      this.slot = slot;
    }

    /** Whether it can be extended by a forward of that session. */
    boolean isOpenIn(ModelSession session) {
      return session == ModelSession.this && !closed;
    }

    /** Whether its last extension was a tree of which no path was kept yet. */
    boolean hasTree() {
      return parents != null;
    }

    /** Its index in the cache. */
    int index() {
      return slot;
    }

    /** The prefix that it shares; {@code null} for none. */
    SharedPrefix prefix() {
      return prefix;
    }

    /** Its first tokens that the prefix holds and its slot does not; 0 without one. */
    int shared() {
      return shared;
    }

    /** Makes the first tokens of a prefix an empty sequence's. */
    void begin(SharedPrefix beginning, int tokensShared) {
      share(beginning, tokensShared);
      append(Arrays.copyOf(beginning.ids(), tokensShared));
      stats = stats.plusShared(tokensShared);
    }

    private void share(SharedPrefix beginning, int tokensShared) {
      beginning.retain();
      prefix = beginning;
      shared = tokensShared;
    }

    private void shareNoMoreThan(int wanted) {
      shared = Math.min(shared, wanted);
      if (shared == 0 && prefix != null) {
        prefix.release();
        prefix = null;
      }
    }

    /** Number of leading tokens of a path that it holds. */
    int common(int[] path) {
      int common = 0;
      while (common < Math.min(length, path.length) && tokens[common] == path[common]) {
        common++;
      }
      return common;
    }

    void extended(ForwardRequest extension) {
      append(extension.tokens());
      parents = extension.parents() == null ? null : extension.parents().clone();
    }

    private void append(int... more) {
      if (length + more.length > tokens.length) {
        tokens = Arrays.copyOf(tokens, Math.max(length + more.length, 2 * tokens.length));
      }
      System.arraycopy(more, 0, tokens, length, more.length);
      length += more.length;
    }

    /** What the node {@code at} of an extension sees, itself included. */
    private int[] path(ForwardRequest extension, int at) {
      List<Integer> nodes = new ArrayList<>();
      int node = at;
      while (node >= 0) {
        nodes.add(0, extension.tokens()[node]);
        node = extension.parents() == null ? node - 1 : extension.parents()[node];
      }
      // Where the walk ended says what of the sequence is seen: -1 all of it.
      int seen = length + node + 1;
      int[] path = Arrays.copyOf(tokens, seen + nodes.size());
      for (int i = 0; i < nodes.size(); i++) {
        path[seen + i] = nodes.get(i);
      }
      return path;
    }

    @Override
    public int length() {
      return length;
    }

    @Override
    public void truncate(int wanted) {
      if (wanted < 0 || wanted > length) {
        throw new IllegalArgumentException(
            "Cannot truncate a sequence of " + length + " tokens to " + wanted + ".");
      }
      if (parents != null) {
        if (wanted > length - parents.length) {
          throw new IllegalArgumentException(
              "Cannot truncate inside a tree: keep one of its paths first.");
        }
        parents = null;
      }
      length = wanted;
      shareNoMoreThan(wanted);
    }

    @Override
    public Slot fork() {
      if (parents != null) {
        throw new IllegalStateException(
            "Cannot fork a sequence whose tree is not settled: call keep or truncate first.");
      }
      Slot branch = new Slot(cacheSlots.allocate());
      branch.append(Arrays.copyOf(tokens, length));
      if (prefix != null) {
        branch.share(prefix, shared);
      }
      if (length > shared) {
        cacheSlots.copy(new ForwardPlan.Copy(slot, 0, branch.slot, 1, 0, length - shared));
      }
      return branch;
    }

    @Override
    public void keep(int... path) {
      if (parents == null) {
        throw new IllegalStateException("Cannot keep a path: the last extension was not a tree.");
      }
      int tree = length - parents.length;
      for (int i = 0; i < path.length; i++) {
        if (path[i] < 0
            || path[i] >= parents.length
            || (i == 0 ? parents[path[i]] >= 0 : parents[path[i]] != path[i - 1])) {
          throw new IllegalArgumentException(
              "Cannot keep path "
                  + Arrays.toString(path)
                  + " of a tree with parents "
                  + Arrays.toString(parents)
                  + ".");
        }
      }
      int first = path.length == 0 ? tree : tree + parents[path[0]] + 1;
      int[] kept = new int[path.length];
      for (int i = 0; i < path.length; i++) {
        kept[i] = tokens[tree + path[i]];
      }
      // Nodes that follow each other in the cache move together; ascending, so that none is
      // overwritten before it moved.
      int source = tree - shared;
      shareNoMoreThan(first);
      int target = first - shared;
      int run = 0;
      for (int i = 1; i <= path.length; i++) {
        if (i == path.length || path[i] != path[i - 1] + 1) {
          if (source + path[run] != target + run) {
            cacheSlots.copy(
                new ForwardPlan.Copy(slot, source + path[run], slot, 1, target + run, i - run));
          }
          run = i;
        }
      }
      length = first;
      append(kept);
      parents = null;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        shareNoMoreThan(0);
        cacheSlots.free(slot);
      }
    }
  }
}
