package io.foresight.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.foresight.decoding.Ask;
import io.foresight.decoding.Extension;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One task's view of a {@link CausalLm}: sequences in the slots of one KV cache, which grows as
 * they need it, within a limit. Only one thread may call {@link #extend} and {@link #close}, which
 * run native code. Sequences may be opened, forked, rolled back and closed by other threads in the
 * meantime, each by the thread of its row: that is bookkeeping, and what it takes in the cache is
 * done by the next forward.
 */
public final class ModelSession implements LanguageModel, AutoCloseable {

  private static final int INITIAL_SLOTS = 8;
  private static final int POSITIONS_STEP = 64;

  private final CausalLm model;
  private final LlamaConfig config;
  private final CacheBudget budget;
  private final BitSet used = new BitSet();
  private final List<ForwardPlan.Copy> copies = new ArrayList<>();
  private IValue cache;
  private int slots = INITIAL_SLOTS;
  private int positions;
  private ForwardStats stats = ForwardStats.ZERO;

  ModelSession(CausalLm model, CacheBudget budget) {
    this.model = model;
    this.config = model.checkpoint().config();
    this.budget = budget;
    this.positions = roundedPositions(1);
    budget.take(cacheBytes());
    this.cache =
        model.script().call("new_cache", IValue.from((long) slots), IValue.from((long) positions));
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
    return new Slot(allocate());
  }

  /** What the forwards so far took; to be read by the thread that calls {@link #extend}. */
  public ForwardStats stats() {
    return stats;
  }

  /** Memory of the cache as it is now, in bytes. */
  public long cacheBytes() {
    return model.cacheBytes(slots, positions);
  }

  /**
   * Takes the lowest free slot: slots in use lie close together, so that a forward over many of
   * them reads the cache in place.
   */
  private synchronized int allocate() {
    int slot = used.nextClearBit(0);
    used.set(slot);
    return slot;
  }

  private synchronized void free(int slot) {
    used.clear(slot);
  }

  /** Notes a copy for the next forward. */
  private synchronized void copy(ForwardPlan.Copy copy) {
    copies.add(copy);
  }

  /**
   * Makes room in the cache for all slots in use and the next forward's positions, and takes the
   * copies that it is to do before. Rows that are busy may open and fork in the meantime: what they
   * note after this is the forward's after this one.
   */
  private synchronized List<ForwardPlan.Copy> prepare(int wantedPositions) {
    // From the last one back, what leads to a slot in use; a fork that was closed again needs
    // none.
    BitSet wanted = (BitSet) used.clone();
    for (int i = copies.size() - 1; i >= 0; i--) {
      if (wanted.get(copies.get(i).first())) {
        wanted.set(copies.get(i).source());
      } else {
        copies.remove(i);
      }
    }
    reserve(wanted.length(), wantedPositions);
    List<ForwardPlan.Copy> taken = merged(copies);
    copies.clear();
    return taken;
  }

  /** Forks of one sequence into slots in a row become one copy. */
  private static List<ForwardPlan.Copy> merged(List<ForwardPlan.Copy> copies) {
    List<ForwardPlan.Copy> merged = new ArrayList<>();
    for (ForwardPlan.Copy copy : copies) {
      ForwardPlan.Copy last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (last != null
          && last.source() == copy.source()
          && last.sourceAt() == copy.sourceAt()
          && last.at() == copy.at()
          && last.count() == copy.count()
          && last.first() + last.slots() == copy.first()) {
        merged.set(
            merged.size() - 1,
            new ForwardPlan.Copy(
                last.source(),
                last.sourceAt(),
                last.first(),
                last.slots() + 1,
                last.at(),
                last.count()));
      } else {
        merged.add(copy);
      }
    }
    return merged;
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
    if (!budget.holds(model.cacheBytes(newSlots, newPositions))) {
      throw new ModelException(
          "Cannot grow the cache of model %s to %d sequences of %d tokens: with the one that it replaces it would take %d MiB of the %d MiB that it may. Set a smaller decoding.batch or a larger models.cache-memory."
              .formatted(
                  model.checkpoint().folder(),
                  newSlots,
                  newPositions,
                  (cacheBytes() + model.cacheBytes(newSlots, newPositions)) >> 20,
                  budget.bytes() >> 20));
    }
    IValue larger =
        model
            .script()
            .callOn(cache, "grow", IValue.from((long) newSlots), IValue.from((long) newPositions));
    cache.close();
    cache = larger;
    budget.take(model.cacheBytes(newSlots, newPositions));
    budget.giveBack(cacheBytes());
    slots = newSlots;
    positions = newPositions;
  }

  /**
   * As the interface says. In fp32 on the CPU, a position whose margin is below {@link
   * Scores#NEAR_TIE} is scored anew in a forward of its own over its whole path: matrix libraries
   * choose kernels by shape, so that only then the choice is the same however it was batched.
   */
  @Override
  public List<Scores> extend(List<Extension> extensions) {
    check(extensions);
    long started = System.nanoTime();
    List<Scores> results = forward(extensions);
    int appended = extensions.stream().mapToInt(e -> e.tokens().length).sum();
    stats = stats.plusAsked(System.nanoTime() - started, extensions.size(), appended);
    for (int i = 0; model.hasCanonicalScores() && i < extensions.size(); i++) {
      settle((Slot) extensions.get(i).sequence(), extensions.get(i), results.get(i));
    }
    // Last, since after a failure no sequence is to be longer than it was.
    for (Extension extension : extensions) {
      ((Slot) extension.sequence()).extended(extension);
    }
    return results;
  }

  private void settle(Slot slot, Extension extension, Scores scores) {
    Ask ask = extension.ask();
    for (int i = 0; i < scores.margin().length; i++) {
      if (scores.margin()[i] < Scores.NEAR_TIE) {
        long started = System.nanoTime();
        int[] path = slot.path(extension, ask.from() + i);
        int[][] gather = ask.gather() == null ? null : new int[][] {ask.gather()[i]};
        try (Slot alone = new Slot(allocate())) {
          Ask last = new Ask(path.length - 1, ask.logProbs(), ask.topK(), gather, ask.rows());
          Scores canonical = forward(List.of(Extension.of(alone, path, last))).get(0);
          scores.replace(i, canonical);
        }
        stats = stats.plusCanonical(System.nanoTime() - started);
      }
    }
  }

  private List<Scores> forward(List<Extension> extensions) {
    // In the order of their slots, since only a range of ascending slots is read in place.
    Integer[] order = new Integer[extensions.size()];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Integer.compare(index(extensions, a), index(extensions, b)));
    List<Extension> ordered = new ArrayList<>(order.length);
    int needed = 0;
    for (int i : order) {
      Extension extension = extensions.get(i);
      ordered.add(extension);
      needed = Math.max(needed, extension.sequence().length() + extension.tokens().length);
    }
    List<ForwardPlan.Copy> before = prepare(needed);
    boolean wholeHead = model.isOnGpu();
    ForwardPlan plan = new ForwardPlan(ordered, positions, before, config.vocabulary(), wholeHead);
    List<Scores> scores = plan.scores(run(plan));
    long copied = plan.gatheredPositions;
    for (ForwardPlan.Copy copy : before) {
      copied += (long) copy.slots() * copy.count();
    }
    stats =
        stats.plusForward(
            extensions.size(), plan.positions, plan.asked, copied * model.cacheBytes(1, 1));
    Scores[] results = new Scores[order.length];
    for (int i = 0; i < results.length; i++) {
      results[order[i]] = scores.get(i);
    }
    return List.of(results);
  }

  private static int index(List<Extension> extensions, int i) {
    return ((Slot) extensions.get(i).sequence()).slot;
  }

  private void check(List<Extension> extensions) {
    if (extensions.isEmpty()) {
      throw new IllegalArgumentException("Cannot extend no sequence: give at least one.");
    }
    Set<Sequence> seen = new HashSet<>();
    for (Extension extension : extensions) {
      if (!(extension.sequence() instanceof Slot slot) || slot.session() != this || slot.closed) {
        throw new IllegalArgumentException(
            "Cannot extend a sequence that is closed or of another session.");
      }
      if (!seen.add(slot)) {
        throw new IllegalArgumentException("Cannot extend a sequence twice in one forward.");
      }
      if (slot.parents != null) {
        throw new IllegalArgumentException(
            "Cannot extend a sequence whose tree is not settled: call keep or truncate first.");
      }
      int[] tokens = extension.tokens();
      if (tokens.length == 0 || slot.length() + deepest(extension) > config.context()) {
        throw new IllegalArgumentException(
            "Cannot extend a sequence of "
                + slot.length()
                + " tokens by "
                + tokens.length
                + ": the context holds "
                + config.context()
                + ".");
      }
      for (int id : tokens) {
        if (id < 0 || id >= config.vocabulary()) {
          throw new IllegalArgumentException(
              "Cannot extend by token " + id + ": ids are 0 to " + (config.vocabulary() - 1) + ".");
        }
      }
      int[] parents = extension.parents();
      for (int i = 0; parents != null && i < tokens.length; i++) {
        if (parents.length != tokens.length || parents[i] >= i || -1 - parents[i] > slot.length()) {
          throw new IllegalArgumentException(
              "Cannot extend by a tree with parents "
                  + Arrays.toString(parents)
                  + ": each must precede its node, or be -1 - m to follow all but the last m of "
                  + slot.length()
                  + " tokens.");
        }
      }
    }
  }

  /**
   * By how many tokens the longest path of an extension outgrows the sequence: a tree's branches
   * share the context's places, and may leave the sequence before its end.
   */
  private static int deepest(Extension extension) {
    int[] parents = extension.parents();
    if (parents == null) {
      return extension.tokens().length;
    }
    int[] depths = new int[parents.length];
    int deepest = 0;
    for (int i = 0; i < parents.length; i++) {
      depths[i] = (parents[i] < 0 ? parents[i] + 1 : parents[i] < i ? depths[parents[i]] : 0) + 1;
      deepest = Math.max(deepest, depths[i]);
    }
    return deepest;
  }

  private float[] run(ForwardPlan plan) {
    try (PtNDManager manager = model.script().manager().newSubManager(ai.djl.Device.cpu());
        IValue result =
            model
                .script()
                .callOn(
                    cache,
                    "forward",
                    IValue.listFrom(plan.plan),
                    tensor(manager.create(plan.whole, new Shape(plan.whole.length))),
                    tensor(manager.create(plan.masks, new Shape(plan.masks.length))));
        NDArray scores = result.toTensor(manager)) {
      return plan.asked == 0 ? new float[0] : scores.toFloatArray();
    }
  }

  private static IValue tensor(NDArray array) {
    return IValue.from((PtNDArray) array);
  }

  @Override
  public void close() {
    cache.close();
    budget.giveBack(cacheBytes());
  }

  /** A sequence: a slot of the cache, and the tokens whose keys and values it holds. */
  final class Slot implements Sequence {

    private final int slot;
    private int[] tokens = {};
    private int length;
    private int[] parents;
    private boolean closed;

    private Slot(int slot) {
      this.slot = slot;
    }

    private ModelSession session() {
      return ModelSession.this;
    }

    /** Its index in the cache. */
    int index() {
      return slot;
    }

    private void extended(Extension extension) {
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
    private int[] path(Extension extension, int at) {
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
    }

    @Override
    public Sequence fork() {
      if (parents != null) {
        throw new IllegalStateException(
            "Cannot fork a sequence whose tree is not settled: call keep or truncate first.");
      }
      Slot branch = new Slot(allocate());
      branch.append(Arrays.copyOf(tokens, length));
      if (length > 0) {
        copy(new ForwardPlan.Copy(slot, 0, branch.slot, 1, 0, length));
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
      int run = 0;
      for (int i = 1; i <= path.length; i++) {
        if (i == path.length || path[i] != path[i - 1] + 1) {
          if (tree + path[run] != first + run) {
            copy(new ForwardPlan.Copy(slot, tree + path[run], slot, 1, first + run, i - run));
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
        free(slot);
      }
    }
  }
}
