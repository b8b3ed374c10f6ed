package io.foresight.model.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Where a family's checkpoints keep what {@code causal_lm.py} calls by the names on the left of a
 * table such as
 *
 * <pre>
 *   embed  embed_tokens
 *   head   /lm_head
 *   qkv    layers.%d.self_attn.q_proj layers.%d.self_attn.k_proj layers.%d.self_attn.v_proj
 * </pre>
 *
 * <p>Names on the right follow the prefix that the embedding's name has in the file; one that
 * begins with a slash does not. Several become one matrix, one below the other. {@code %d} stands
 * for the layer, {@code %e} for each head or expert. Immutable.
 *
 * @param sources by what the script calls them
 * @param transposed whether matrices are stored [inputs, outputs]
 * @param headByHead whether queries, keys and values are stored head by head
 */
public record TensorNames(
    Map<String, List<String>> sources, boolean transposed, boolean headByHead) {

  private static final Set<String> PROJECTIONS =
      Set.of("qkv", "out", "in", "down", "head", "router", "expert_in_", "expert_down_");

  /** How {@code put} of {@code causal_lm.py} is to arrange a tensor. */
  public enum Arrangement {
    AS_IT_IS(0),
    TRANSPOSED(1),
    HEAD_BY_HEAD(2);

    public final long code;

    Arrangement(long code) {
      this.code = code;
    }
  }

  /**
   * A tensor that is to be loaded.
   *
   * @param name what the script calls it
   * @param source its name in the file
   * @param shape its shape in the file
   */
  public record Wanted(String name, String source, Arrangement arrangement, long[] shape) {

    long elements() {
      return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    boolean isEmbedding() {
      return name.equals("embed.weight");
    }

    /** What it is of, as in the tables. */
    public String role() {
      return name.substring(0, name.indexOf('.'));
    }

    /** Whether it becomes part of a matrix or its bias, and not of an embedding or a norm. */
    public boolean isProjection() {
      return PROJECTIONS.contains(role().replaceAll("[0-9]+$", ""));
    }

    /** Whether it is of one of several MLPs. */
    boolean isExpert() {
      return name.startsWith("expert_");
    }

    /** Whether it becomes part of a matrix that may be quantized. */
    boolean isMultiplied() {
      return isProjection() && name.endsWith(".weight") && !role().equals("router");
    }
  }

  /** Tensors of the embedding, of each layer, and of the LM head, which may be the embedding. */
  public record Plan(
      List<Wanted> embedding, List<List<Wanted>> layers, List<Wanted> head, boolean tied) {

    Stream<Wanted> all() {
      return Stream.of(embedding.stream(), layers.stream().flatMap(List::stream), head.stream())
          .flatMap(part -> part);
    }
  }

  static TensorNames of(String table) {
    Map<String, List<String>> sources = new HashMap<>();
    table
        .lines()
        .map(line -> line.strip().split("\\s+"))
        .forEach(words -> sources.put(words[0], List.of(words).subList(1, words.length)));
    return new TensorNames(Map.copyOf(sources), false, false);
  }

  TensorNames transposedMatrices() {
    return new TensorNames(sources, true, headByHead);
  }

  /** The same model with one part elsewhere. */
  TensorNames with(String role, String... elsewhere) {
    Map<String, List<String>> changed = new HashMap<>(sources);
    changed.put(role, List.of(elsewhere));
    return new TensorNames(Map.copyOf(changed), transposed, headByHead);
  }

  TensorNames storedHeadByHead() {
    return new TensorNames(sources, transposed, true);
  }

  /**
   * What a checkpoint of this configuration must have.
   *
   * @param stored names that are in the file
   * @throws IllegalArgumentException if no prefix fits
   */
  Plan plan(ModelConfig c, Iterable<String> stored) {
    Lister lister = new Lister(c, prefix(stored), stored);
    lister.embedding();
    List<Wanted> embedding = lister.done();
    List<List<Wanted>> layers = new ArrayList<>();
    for (int i = 0; i < c.layers(); i++) {
      lister.layer(i);
      layers.add(lister.done());
    }
    lister.head();
    return new Plan(embedding, List.copyOf(layers), lister.done(), lister.tied());
  }

  /** What stands before the embedding's name: nothing, {@code model.}, {@code transformer.}... */
  String prefix(Iterable<String> stored) {
    String wanted = sources.get("embed").get(0) + ".weight";
    List<String> found = new ArrayList<>();
    for (String name : stored) {
      if (name.equals(wanted) || name.endsWith("." + wanted)) {
        found.add(name.substring(0, name.length() - wanted.length()));
      }
    }
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          found.isEmpty()
              ? "it has no tensor " + wanted + ", with or without a prefix, which its family has."
              : "it has several tensors "
                  + wanted
                  + ", with prefixes "
                  + found
                  + ". Save the wanted model alone.");
    }
    return found.get(0);
  }

  /**
   * The name that a tensor has in the file, without {@code .weight} or {@code .bias}.
   *
   * @param part which of the several that become one
   * @param layer whose it is; without meaning if it is of none
   * @param prefix of the embedding
   */
  String source(String role, int part, int layer, String prefix, Predicate<String> isStored) {
    return source(sources.get(role).get(part), layer, prefix, isStored);
  }

  private static String source(
      String pattern, int layer, String prefix, Predicate<String> isStored) {
    String name = pattern.replace("%d", String.valueOf(layer));
    if (!name.startsWith("/")) {
      return prefix + name;
    }
    // Wrappers put their own prefix before everything.
    String outer = prefix.substring(0, prefix.lastIndexOf('.', prefix.length() - 2) + 1);
    String bare = name.substring(1);
    return isStored.test(bare + ".weight") ? bare : outer + bare;
  }

  private final class Lister {

    private final ModelConfig c;
    private final String prefix;
    private final Predicate<String> isStored;
    private List<Wanted> list = new ArrayList<>();
    private int layer;

    Lister(ModelConfig c, String prefix, Iterable<String> stored) {
      this.c = c;
      this.prefix = prefix;
      Set<String> names = new HashSet<>();
      stored.forEach(names::add);
      this.isStored = names::contains;
    }

    List<Wanted> done() {
      List<Wanted> result = List.copyOf(list);
      list = new ArrayList<>();
      return result;
    }

    void embedding() {
      ModelConfig.Embedding e = c.embedding();
      add("embed.weight", source("embed", 0) + ".weight", e.rows(), e.width());
      if (e.width() != c.hidden()) {
        add("project_in.weight", source("project_in", 0) + ".weight", c.hidden(), e.width());
      }
      if (e.normed()) {
        norm("embed_norm");
      }
      if (e.positions() > 0) {
        add("positions.weight", source("positions", 0) + ".weight", e.positions(), c.hidden());
      }
    }

    void layer(int index) {
      layer = index;
      ModelConfig.Attention a = c.attention();
      long queries = (long) a.heads() * a.headDim();
      long keys = (long) a.keyValueHeads() * a.headDim();
      if (c.norms().weighted() && c.norms().placement() != ModelConfig.Placement.OUTPUTS) {
        norm("attention_norm");
        norm("mlp_norm");
      }
      if (c.norms().weighted() && c.norms().placement().hasOutputs()) {
        norm("attention_branch_norm");
        norm("mlp_branch_norm");
      }
      if (a.headNorms() != ModelConfig.HeadNorms.NONE) {
        headNorms("query_norm", a.heads());
        headNorms("key_norm", a.keyValueHeads());
      }
      matrices("qkv", a.bias(), c.hidden(), queries, keys, keys);
      matrices("out", a.outputBias(), queries, c.hidden());
      ModelConfig.Experts experts = c.mlp().experts();
      if (!c.mlp().isSparse(index)) {
        mlp("in", "down", c.mlp().width(), -1);
        return;
      }
      matrices("router", false, c.hidden(), experts.count());
      for (int e = 0; e < experts.count(); e++) {
        mlp("expert_in", "expert_down", experts.width(), e);
      }
    }

    /** An MLP: the only one of its layer, or an expert. */
    private void mlp(String in, String down, long width, int expert) {
      boolean bias = c.mlp().bias();
      if (c.mlp().gated()) {
        matrices(in, expert, bias, c.hidden(), width, width);
      } else {
        matrices(in, expert, bias, c.hidden(), width);
      }
      matrices(down, expert, bias, width, c.hidden());
    }

    /** Weights of all heads: in one tensor, in rows of one, or in a tensor each. */
    private void headNorms(String role, int heads) {
      long width = c.attention().headDim();
      String source = source(role, 0);
      if (source.contains("%e")) {
        for (int head = 0; head < heads; head++) {
          add(role + "." + head + ".weight", each(source, head) + ".weight", width);
        }
        return;
      }
      long[] shape =
          switch (c.attention().headNorms()) {
            case OWN -> new long[] {heads, width};
            case TOGETHER -> new long[] {heads * width};
            default -> new long[] {width};
          };
      add(role + ".0.weight", source + ".weight", shape);
    }

    private static String each(String source, int which) {
      return source.replace("%e", String.valueOf(which));
    }

    /** A head that is stored counts, as for transformers: if it is the embedding, it is equal. */
    boolean tied() {
      return c.head().tied() && !isStored.test(source("head", 0) + ".weight");
    }

    void head() {
      if (c.norms().last() && c.norms().weighted()) {
        norm("norm");
      }
      if (c.embedding().width() != c.hidden()) {
        add(
            "project_out.weight",
            source("project_out", 0) + ".weight",
            c.embedding().width(),
            c.hidden());
      }
      if (!tied()) {
        add("head.0.weight", source("head", 0) + ".weight", c.head().rows(), c.embedding().width());
      }
      if (c.head().bias()) {
        add("head.0.bias", source("head", 0) + ".bias", c.head().rows());
      }
    }

    private String source(String role, int part) {
      return TensorNames.this.source(role, part, layer, prefix, isStored);
    }

    private void norm(String role) {
      add(role + ".weight", source(role, 0) + ".weight", c.hidden());
      if (c.norms().layerNorm() && c.norms().biased()) {
        add(role + ".bias", source(role, 0) + ".bias", c.hidden());
      }
    }

    /** Matrices of one input: as many outputs each, or all in one. */
    private void matrices(String role, boolean bias, long inputs, long... outputs) {
      matrices(role, -1, bias, inputs, outputs);
    }

    /** The same of an expert, or of a layer if that is negative. */
    private void matrices(String role, int expert, boolean bias, long inputs, long... outputs) {
      int parts = sources.get(role).size();
      long all = Arrays.stream(outputs).sum();
      for (int i = 0; i < parts; i++) {
        long rows = parts == 1 ? all : outputs[i];
        Arrangement arrangement =
            headByHead && role.equals("qkv")
                ? Arrangement.HEAD_BY_HEAD
                : transposed ? Arrangement.TRANSPOSED : Arrangement.AS_IT_IS;
        String name = role + (expert < 0 ? "" : "_" + expert) + "." + i;
        String source = each(source(role, i), expert);
        long[] shape = transposed ? new long[] {inputs, rows} : new long[] {rows, inputs};
        list.add(new Wanted(name + ".weight", source + ".weight", arrangement, shape));
        if (bias) {
          list.add(new Wanted(name + ".bias", source + ".bias", arrangement, new long[] {rows}));
        }
      }
    }

    private void add(String name, String source, long... shape) {
      list.add(new Wanted(name, source, Arrangement.AS_IT_IS, shape));
    }
  }
}
