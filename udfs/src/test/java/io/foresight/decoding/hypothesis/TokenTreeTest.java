package io.foresight.decoding.hypothesis;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import io.foresight.decoding.Sequence;
import io.foresight.decoding.check.FakeModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class TokenTreeTest {

  private static final int EOS = 0;

  private static TokenTree tree(int[] held, int[]... paths) {
    return new TokenTree(held, List.of(paths), id -> id == EOS);
  }

  @Example
  void whatPathsHaveInCommonIsOneNode() {
    TokenTree tree =
        tree(new int[] {5, 6}, new int[] {7, 8, 9}, new int[] {7, 8, 3}, new int[] {7, 4});
    assertThat(tree.tokens()).containsExactly(7, 8, 9, 3, 4);
    assertThat(tree.parents()).containsExactly(-3, 0, 1, 1, 0);
    assertThat(tree.nodes(1, 3)).containsExactly(0, 1, 3);
    assertThat(tree.nodes(1, 1)).containsExactly(0);
    assertThat(tree.nodes(1, 0)).isEmpty();
    assertThat(tree.followers(0)).containsOnly(8, 4);
    assertThat(tree.followers(1)).containsOnly(9, 3);
    assertThat(tree.followers(2)).isEmpty();
  }

  @Example
  void pathsLeaveWhatIsHeldWhereTheyDiffer() {
    int[] held = {5, 6, 7};
    TokenTree tree =
        tree(held, new int[] {5, 6, 7, 8}, new int[] {5, 6, 8}, new int[] {8}, new int[] {5, 6});
    assertThat(tree.tokens()).containsExactly(8, 8, 8);
    assertThat(tree.parents()).containsExactly(-1, -2, -4);
    assertThat(new int[] {tree.held(0), tree.held(1), tree.held(2), tree.held(3)})
        .containsExactly(3, 2, 0, 2);
    assertThat(tree.nodes(0, 3)).isEmpty();
    assertThat(tree.nodes(0, 4)).containsExactly(0);
    assertThat(tree.nodes(3, 2)).isEmpty();
  }

  @Example
  void anEosIsNoNodeButFollowsOne() {
    TokenTree tree =
        tree(new int[] {5}, new int[] {5, 6, EOS}, new int[] {5, EOS}, new int[] {EOS});
    assertThat(tree.tokens()).containsExactly(6);
    assertThat(tree.followers(0)).containsExactly(EOS);
    assertThat(tree.nodes(0, 3)).containsExactly(0);
    assertThat(tree.nodes(1, 2)).isEmpty();
    assertThat(tree(new int[0]).size()).isZero();
  }

  private record Random(int[] held, List<int[]> paths) {

    static Random of(long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      int[] held = random.ints(random.nextInt(5), 1, 4).toArray();
      List<int[]> paths = new ArrayList<>();
      for (int i = random.nextInt(6); i > 0; i--) {
        int[] path = Arrays.copyOf(held, random.nextInt(held.length + 1));
        path = Ids.concat(path, random.ints(random.nextInt(5), 1, 4).toArray());
        paths.add(random.nextInt(3) == 0 ? Ids.concat(path, EOS) : path);
      }
      return new Random(held, paths);
    }
  }

  private static List<Integer> list(int[] ids) {
    return Arrays.stream(ids).boxed().toList();
  }

  @Property(tries = 3000)
  void everyNodeIsItsPathsToken(@ForAll long seed) {
    Random given = Random.of(seed);
    TokenTree tree = new TokenTree(given.held(), given.paths(), id -> id == EOS);
    Set<List<Integer>> prefixes = new HashSet<>();
    for (int i = 0; i < given.paths().size(); i++) {
      int[] path = given.paths().get(i);
      for (int count = 0; count <= path.length; count++) {
        int[] prefix = Arrays.copyOf(path, count);
        boolean ends = count > 0 && path[count - 1] == EOS;
        if (count > tree.held(i) && !ends) {
          prefixes.add(list(prefix));
        }
        int[] nodes = tree.nodes(i, count);
        assertThat(nodes).hasSize(Math.max(0, count - tree.held(i) - (ends ? 1 : 0)));
        if (nodes.length > 0 && !ends) {
          assertThat(seen(tree, given.held(), nodes[nodes.length - 1])).isEqualTo(prefix);
        }
        if (nodes.length > 0 && !ends && count < path.length) {
          assertThat(tree.followers(nodes[nodes.length - 1])).contains(path[count]);
        }
      }
    }
    assertThat(tree.size()).isEqualTo(prefixes.size());
  }

  /** What a node sees after the base, as {@link ForwardRequest} defines it. */
  private static int[] seen(TokenTree tree, int[] held, int node) {
    int parent = tree.parents()[node];
    assertThat(parent).isLessThan(node);
    int[] before =
        parent < 0 ? Arrays.copyOf(held, held.length + parent + 1) : seen(tree, held, parent);
    return Ids.concat(before, tree.tokens()[node]);
  }

  /**
   * The scores of a tree's nodes are those of their paths, and no other place to leave has them.
   */
  @Property(tries = 500)
  void aModelScoresThePaths(@ForAll long seed) {
    Random given = Random.of(seed);
    assertThat(differences(given, seed, 0)).isZero();
  }

  @Example
  void leavingOneTokenSoonerOrLaterIsNoticed() {
    int sooner = 0;
    int later = 0;
    for (long seed = 0; seed < 200; seed++) {
      sooner += differences(Random.of(seed), seed, -1);
      later += differences(Random.of(seed), seed, 1);
    }
    assertThat(sooner).isPositive();
    assertThat(later).isPositive();
  }

  /** Nodes whose scores are not their path's, with branches moved by so many tokens. */
  private static int differences(Random given, long seed, int moved) {
    int differences = 0;
    FakeModel model = new FakeModel(5, 100, 4, seed, 0.7, 1);
    TokenTree tree = new TokenTree(given.held(), given.paths(), id -> id == EOS);
    if (tree.size() == 0) {
      return 0;
    }
    int[] base = {1, 2};
    try (Sequence sequence = model.open()) {
      int[] before = Ids.concat(base, given.held());
      model.extend(ForwardRequest.of(sequence, before, LogitsRequest.NOTHING));
      int[] parents =
          Arrays.stream(tree.parents())
              .map(p -> p < 0 ? Math.max(-1 - before.length, Math.min(-1, p + moved)) : p)
              .toArray();
      Scores scores =
          model.extend(
              ForwardRequest.tree(sequence, tree.tokens(), parents, LogitsRequest.rows(0)));
      for (int i = 0; i < given.paths().size(); i++) {
        int[] path = given.paths().get(i);
        for (int count = 1; count <= path.length; count++) {
          int[] nodes = tree.nodes(i, count);
          if (nodes.length > 0 && path[count - 1] != EOS) {
            float[] wanted = model.logProbs(Ids.concat(base, Arrays.copyOf(path, count)));
            differences += Arrays.equals(scores.rows()[nodes[nodes.length - 1]], wanted) ? 0 : 1;
          }
        }
      }
      sequence.keep();
    }
    return differences;
  }
}
