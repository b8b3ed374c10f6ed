package io.foresight.decoding.hypothesis;

import io.foresight.decoding.ForwardRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Continuations of a sequence as one tree: what they have in common is one node. {@link
 * Hypothesis#scoreTree} makes it, and scores all of it in one forward.
 */
public final class TokenTree {

  private final List<int[]> paths;
  private final List<int[]> nodesOf = new ArrayList<>();
  private final List<Integer> tokens = new ArrayList<>();
  private final List<Integer> parents = new ArrayList<>();
  private final List<int[]> followers = new ArrayList<>();
  private final int[] held;

  /**
   * Makes the tree.
   *
   * @param held ids that the sequence holds already after the point where the continuations start
   * @param paths the continuations, which may share any prefix with {@code held} and each other
   * @param ends ids that end a path; nothing follows them, so they are no nodes
   */
  public TokenTree(int[] held, List<int[]> paths, IntPredicate ends) {
    this.held = held;
    this.paths = paths;
    for (int[] path : paths) {
      int common = Ids.common(held, path);
      int length =
          path.length > 0 && ends.test(path[path.length - 1]) ? path.length - 1 : path.length;
      int[] nodes = new int[Math.max(0, length - common)];
      // -1 - m follows all but the last m ids that are held.
      int parent = -1 - (held.length - common);
      for (int i = 0; i < nodes.length; i++) {
        parent = node(parent, path[common + i]);
        nodes[i] = parent;
        if (common + i + 1 < path.length) {
          followers.set(parent, Ids.concat(followers.get(parent), path[common + i + 1]));
        }
      }
      nodesOf.add(nodes);
    }
  }

  private int node(int parent, int token) {
    for (int i = 0; i < tokens.size(); i++) {
      if (parents.get(i) == parent && tokens.get(i) == token) {
        return i;
      }
    }
    tokens.add(token);
    parents.add(parent);
    followers.add(new int[0]);
    return tokens.size() - 1;
  }

  /** Number of nodes. */
  public int size() {
    return tokens.size();
  }

  /** Id of each node. */
  public int[] tokens() {
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Parent of each node, as {@link ForwardRequest} has them. */
  int[] parents() {
    return parents.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * Number of ids on the way to each node, itself included.
   *
   * @param length ids of the sequence that the tree extends
   */
  int[] places(int length) {
    int[] places = new int[size()];
    for (int i = 0; i < places.length; i++) {
      int parent = parents.get(i);
      // -1 follows all of the sequence, -2 all but the last.
      places[i] = (parent < 0 ? length + parent + 1 : places[parent]) + 1;
    }
    return places;
  }

  /**
   * All ids on the way to a node, itself included.
   *
   * @param before ids of the sequence that the tree extends
   */
  int[] path(int[] before, int node) {
    int parent = parents.get(node);
    // -1 follows all of the sequence, -2 all but the last.
    int[] to =
        parent < 0 ? Arrays.copyOf(before, before.length + parent + 1) : path(before, parent);
    return Ids.concat(to, tokens.get(node));
  }

  /** Ids that follow a node in the paths. */
  int[] followers(int node) {
    return followers.get(node);
  }

  /** Number of leading ids of a path that the sequence held already. */
  public int held(int path) {
    return Ids.common(held, paths.get(path));
  }

  /** Nodes of the first {@code count} ids of a path, without those that were held. */
  public int[] nodes(int path, int count) {
    int[] nodes = nodesOf.get(path);
    return Arrays.copyOf(nodes, Math.max(0, Math.min(nodes.length, count - held(path))));
  }
}
