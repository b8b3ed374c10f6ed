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
    return new Slot(allocate());
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

  /**
   * As the interface says. In fp32 on the CPU, a position whose margin is below {@link
   * Scores#NEAR_TIE} is scored anew in a forward of its own over its whole path: matrix libraries
   * choose kernels by shape, so that only then the choice is the same however it was batched.
   */
  @Override
  public List<Scores> extend(List<Extension> extensions) {
    check(extensions);
    List<Scores> results = forward(extensions);
    for (int i = 0; i < extensions.size(); i++) {
      Slot slot = (Slot) extensions.get(i).sequence();
      if (model.hasCanonicalScores()) {
        settle(slot, extensions.get(i), results.get(i));
      }
      slot.extended(extensions.get(i));
    }
    return results;
  }

  private void settle(Slot slot, Extension extension, Scores scores) {
    Ask ask = extension.ask();
    for (int i = 0; i < scores.margin().length; i++) {
      if (scores.margin()[i] < Scores.NEAR_TIE) {
        int[] path = slot.path(extension, ask.from() + i);
        int[][] gather = ask.gather() == null ? null : new int[][] {ask.gather()[i]};
        try (Slot alone = new Slot(allocate())) {
          Ask last = new Ask(path.length - 1, ask.topK(), gather, ask.rows());
          Scores canonical = forward(List.of(Extension.of(alone, path, last))).get(0);
          scores.replace(i, canonical);
        }
      }
    }
  }

  private List<Scores> forward(List<Extension> extensions) {
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
    ForwardPlan plan = new ForwardPlan(ordered, width);
    List<Scores> scores = run(plan, ordered, held + width);
    Scores[] results = new Scores[extensions.size()];
    for (int i = 0; i < results.length; i++) {
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
      if (tokens.length == 0 || slot.length() + tokens.length > config.context()) {
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

  private List<Scores> run(ForwardPlan plan, List<Extension> ordered, int span) {
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
        Scores none = new Scores(new int[0], new float[0], null, null, null, null, new float[0]);
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

  /** A sequence: a slot of the cache, and the tokens whose keys and values it holds. */
  final class Slot implements Sequence {

    private final int slot;
    private int[] tokens = {};
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
      int held = tokens.length;
      tokens = Arrays.copyOf(tokens, held + extension.tokens().length);
      System.arraycopy(extension.tokens(), 0, tokens, held, extension.tokens().length);
      parents = extension.parents() == null ? null : extension.parents().clone();
    }

    /** What the node {@code at} of an extension sees, itself included. */
    private int[] path(Extension extension, int at) {
      List<Integer> nodes = new ArrayList<>();
      for (int node = at; node >= 0; ) {
        nodes.add(0, extension.tokens()[node]);
        node = extension.parents() == null ? node - 1 : extension.parents()[node];
      }
      int[] path = Arrays.copyOf(tokens, tokens.length + nodes.size());
      for (int i = 0; i < nodes.size(); i++) {
        path[tokens.length + i] = nodes.get(i);
      }
      return path;
    }

    @Override
    public int length() {
      return tokens.length;
    }

    @Override
    public void truncate(int wanted) {
      if (wanted < 0 || wanted > tokens.length) {
        throw new IllegalArgumentException(
            "Cannot truncate a sequence of " + tokens.length + " tokens to " + wanted + ".");
      }
      if (parents != null) {
        if (wanted > tokens.length - parents.length) {
          throw new IllegalArgumentException(
              "Cannot truncate inside a tree: keep one of its paths first.");
        }
        parents = null;
      }
      tokens = Arrays.copyOf(tokens, wanted);
    }

    @Override
    public Sequence fork() {
      if (parents != null) {
        throw new IllegalStateException(
            "Cannot fork a sequence whose tree is not settled: call keep or truncate first.");
      }
      Slot branch = new Slot(allocate());
      branch.tokens = tokens;
      if (tokens.length > 0) {
        model
            .script()
            .callOn(
                cache,
                "fork",
                IValue.from((long) slot),
                IValue.from((long) branch.slot),
                IValue.from((long) tokens.length))
            .close();
      }
      return branch;
    }

    @Override
    public void keep(int... path) {
      if (parents == null) {
        throw new IllegalStateException("Cannot keep a path: the last extension was not a tree.");
      }
      int first = tokens.length - parents.length;
      long[] kept = new long[path.length];
      int[] line = Arrays.copyOf(tokens, first + path.length);
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
        line[first + i] = tokens[first + path[i]];
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
      tokens = line;
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
