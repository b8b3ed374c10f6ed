package io.foresight.model;

import ai.djl.ndarray.NDManager;
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
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One thread's view of a {@link CausalLm}: sequences in the slots of one KV cache, which grows as
 * they need it. Not thread-safe.
 */
public final class ModelSession implements LanguageModel, AutoCloseable {

  private static final int INITIAL_SLOTS = 8;
  private static final int INITIAL_POSITIONS = 64;

  private final CausalLm model;
  private final LlamaConfig config;
  private final BitSet used = new BitSet();
  private IValue cache;
  private int slots;
  private int positions;
  private int nextSlot;

  ModelSession(CausalLm model) {
    this.model = model;
    this.config = model.checkpoint().config();
    this.slots = INITIAL_SLOTS;
    this.positions = INITIAL_POSITIONS;
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
    return new Slot(allocate(), 0);
  }

  /**
   * Takes the next free slot after the one taken last, so that forks made one after another lie
   * side by side and a forward over them reads the cache in place.
   */
  private int allocate() {
    int slot = used.nextClearBit(nextSlot);
    if (slot >= slots) {
      slot = used.nextClearBit(0);
    }
    if (used.cardinality() * 3 >= slots) {
      // Wrapping around splits a run of forks, so slots are kept three times as many as sequences.
      reserve(slots * 2, positions);
    }
    used.set(slot);
    nextSlot = slot + 1;
    return slot;
  }

  private void reserve(int wantedSlots, int wantedPositions) {
    if (wantedSlots <= slots && wantedPositions <= positions) {
      return;
    }
    slots = Math.max(slots, wantedSlots);
    while (positions < wantedPositions) {
      positions *= 2;
    }
    IValue larger =
        model
            .script()
            .callOn(cache, "grow", IValue.from((long) slots), IValue.from((long) positions));
    cache.close();
    cache = larger;
  }

  @Override
  public List<Scores> extend(List<Extension> extensions) {
    check(extensions);
    // In the order of their slots, since only a run of ascending slots is read in place.
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < extensions.size(); i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingInt(i -> ((Slot) extensions.get(i).sequence()).slot));
    List<Extension> ordered = order.stream().map(extensions::get).toList();
    int width = ordered.stream().mapToInt(e -> e.tokens().length).max().orElseThrow();
    int held = ordered.stream().mapToInt(e -> e.sequence().length()).max().orElseThrow();
    reserve(slots, held + width);
    Plan plan = new Plan(ordered, width);
    List<Scores> scores = run(plan, ordered, held + width);
    Scores[] results = new Scores[extensions.size()];
    for (int i = 0; i < results.length; i++) {
      ((Slot) ordered.get(i).sequence()).extended(ordered.get(i));
      results[order.get(i)] = scores.get(i);
    }
    return List.of(results);
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
      if (tokens.length == 0 || slot.length + tokens.length > config.context()) {
        throw new IllegalArgumentException(
            "Cannot extend a sequence of "
                + slot.length
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
      if (parents != null) {
        for (int i = 0; i < tokens.length; i++) {
          if (parents.length != tokens.length || parents[i] < -1 || parents[i] >= i) {
            throw new IllegalArgumentException(
                "Cannot extend by a tree with parents "
                    + Arrays.toString(parents)
                    + ": each must precede its node, or be -1.");
          }
        }
      }
    }
  }

  private List<Scores> run(Plan plan, List<Extension> ordered, int span) {
    try (PtNDManager manager = model.script().manager().newSubManager(ai.djl.Device.cpu());
        IValue result =
            model
                .script()
                .callOn(
                    cache,
                    "forward",
                    tensor(manager, plan.ids, plan.rows, plan.width),
                    tensor(manager, plan.start, plan.rows),
                    tensor(manager, plan.slots, plan.rows),
                    IValue.from(plan.consecutive),
                    IValue.from((long) span),
                    tensor(manager, plan.depth, plan.depth.length / plan.width, plan.width),
                    tensor(
                        manager, plan.seen, plan.depth.length / plan.width, plan.width, plan.width),
                    tensor(manager, plan.asked, plan.asked.length),
                    IValue.from((long) plan.topK),
                    tensor(
                        manager,
                        plan.gather,
                        plan.gatherWidth == 0 ? 0 : plan.asked.length,
                        plan.gatherWidth),
                    IValue.from(plan.wantRows))) {
      if (plan.asked.length == 0) {
        Scores none = new Scores(new int[0], new float[0], null, null, null, null);
        return ordered.stream().map(e -> none).toList();
      }
      return plan.scores(ordered, result.toTensorArray(manager), config.vocabulary());
    }
  }

  private static IValue tensor(NDManager manager, long[] values, long... shape) {
    return IValue.from((PtNDArray) manager.create(values, new Shape(shape)));
  }

  @Override
  public void close() {
    cache.close();
  }

  /** A batched forward's inputs, laid out as {@code causal_lm.py} takes them. */
  private static final class Plan {
    final int rows;
    final int width;
    final long[] ids;
    final long[] start;
    final long[] slots;
    final boolean consecutive;
    final long[] depth;
    final long[] seen;
    final long[] asked;
    final int topK;
    final long[] gather;
    final int gatherWidth;
    final boolean wantRows;

    Plan(List<Extension> extensions, int width) {
      this.rows = extensions.size();
      this.width = width;
      ids = new long[rows * width];
      start = new long[rows];
      slots = new long[rows];
      boolean tree = extensions.stream().anyMatch(e -> e.parents() != null);
      depth = new long[tree ? rows * width : 0];
      seen = new long[tree ? rows * width * width : 0];
      asked = new long[extensions.stream().mapToInt(Extension::asked).sum()];
      topK =
          extensions.stream()
              .filter(e -> e.asked() > 0)
              .mapToInt(e -> e.ask().topK())
              .max()
              .orElse(0);
      wantRows = extensions.stream().anyMatch(e -> e.asked() > 0 && e.ask().rows());
      gatherWidth =
          extensions.stream()
              .filter(e -> e.ask().gather() != null)
              .flatMap(e -> Arrays.stream(e.ask().gather()))
              .mapToInt(g -> g.length)
              .max()
              .orElse(0);
      gather = new long[asked.length * gatherWidth];
      boolean run = true;
      int a = 0;
      for (int row = 0; row < rows; row++) {
        Extension extension = extensions.get(row);
        Slot slot = (Slot) extension.sequence();
        start[row] = slot.length;
        slots[row] = slot.slot;
        run &= row == 0 || slots[row] == slots[row - 1] + 1;
        for (int i = 0; i < extension.tokens().length; i++) {
          ids[row * width + i] = extension.tokens()[i];
        }
        for (int i = extension.ask().from(); i < extension.tokens().length; i++) {
          int[][] wanted = extension.ask().gather();
          if (wanted != null) {
            int[] one = wanted[i - extension.ask().from()];
            for (int g = 0; g < one.length; g++) {
              gather[a * gatherWidth + g] = one[g];
            }
          }
          asked[a++] = (long) row * width + i;
        }
        if (tree) {
          layTree(row, extension);
        }
      }
      consecutive = run;
    }

    /**
     * Each node sees itself and what its parent sees; padding sees itself, so that no score is
     * taken over nothing.
     */
    private void layTree(int row, Extension extension) {
      for (int i = 0; i < width; i++) {
        boolean real = i < extension.tokens().length;
        int parent = !real ? -1 : extension.parents() == null ? i - 1 : extension.parents()[i];
        int at = (row * width + i) * width;
        if (parent >= 0) {
          depth[row * width + i] = depth[row * width + parent] + 1;
          System.arraycopy(seen, (row * width + parent) * width, seen, at, width);
        }
        seen[at + i] = 1;
      }
    }

    List<Scores> scores(List<Extension> extensions, PtNDArray[] results, int vocabulary) {
      long[] argmax = results[0].toLongArray();
      float[] argmaxLogProb = results[1].toFloatArray();
      long[] top = topK > 0 ? results[2].toLongArray() : null;
      float[] topScores = topK > 0 ? results[3].toFloatArray() : null;
      float[] gathered = gatherWidth > 0 ? results[4].toFloatArray() : null;
      float[] full = wantRows ? results[5].toFloatArray() : null;
      List<Scores> scores = new ArrayList<>();
      int from = 0;
      for (Extension extension : extensions) {
        int n = extension.asked();
        Ask ask = extension.ask();
        int[] best = new int[n];
        int[][] topIds = ask.topK() > 0 ? new int[n][ask.topK()] : null;
        float[][] topLogProbs = ask.topK() > 0 ? new float[n][] : null;
        float[][] named = ask.gather() != null ? new float[n][] : null;
        float[][] rowsOf = ask.rows() ? new float[n][] : null;
        for (int i = 0; i < n; i++) {
          int at = from + i;
          best[i] = (int) argmax[at];
          if (topIds != null) {
            for (int k = 0; k < ask.topK(); k++) {
              topIds[i][k] = (int) top[at * topK + k];
            }
            topLogProbs[i] = Arrays.copyOfRange(topScores, at * topK, at * topK + ask.topK());
          }
          if (named != null) {
            named[i] =
                gatherWidth == 0
                    ? new float[0]
                    : Arrays.copyOfRange(
                        gathered, at * gatherWidth, at * gatherWidth + ask.gather()[i].length);
          }
          if (rowsOf != null) {
            rowsOf[i] = Arrays.copyOfRange(full, at * vocabulary, (at + 1) * vocabulary);
          }
        }
        scores.add(
            new Scores(
                best,
                Arrays.copyOfRange(argmaxLogProb, from, from + n),
                topIds,
                topLogProbs,
                named,
                rowsOf));
        from += n;
      }
      return scores;
    }
  }

  /** A sequence: a slot of the cache and how much of it counts. */
  private final class Slot implements Sequence {

    private final int slot;
    private int length;
    private int[] parents;
    private boolean closed;

    Slot(int slot, int length) {
      this.slot = slot;
      this.length = length;
    }

    ModelSession session() {
      return ModelSession.this;
    }

    void extended(Extension extension) {
      length += extension.tokens().length;
      parents = extension.parents() == null ? null : extension.parents().clone();
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
      Slot branch = new Slot(allocate(), length);
      if (length > 0) {
        model
            .script()
            .callOn(
                cache,
                "fork",
                IValue.from((long) slot),
                IValue.from((long) branch.slot),
                IValue.from((long) length))
            .close();
      }
      return branch;
    }

    @Override
    public void keep(int... path) {
      if (parents == null) {
        throw new IllegalStateException("Cannot keep a path: the last extension was not a tree.");
      }
      int first = length - parents.length;
      long[] kept = new long[path.length];
      boolean inPlace = true;
      for (int i = 0; i < path.length; i++) {
        if (path[i] < 0
            || path[i] >= parents.length
            || parents[path[i]] != (i == 0 ? -1 : path[i - 1])) {
          throw new IllegalArgumentException(
              "Cannot keep path "
                  + Arrays.toString(path)
                  + " of a tree with parents "
                  + Arrays.toString(parents)
                  + ".");
        }
        kept[i] = (long) first + path[i];
        inPlace &= path[i] == i;
      }
      if (!inPlace) {
        try (NDManager manager = model.script().manager().newSubManager(ai.djl.Device.cpu())) {
          model
              .script()
              .callOn(
                  cache,
                  "keep",
                  IValue.from((long) slot),
                  tensor(manager, kept, kept.length),
                  IValue.from((long) first))
              .close();
        }
      }
      length = first + path.length;
      parents = null;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        used.clear(slot);
      }
    }
  }
}
