package io.foresight.decoding.hypothesis;

import java.util.List;

/**
 * A tree of continuations, and the scores after each of its nodes.
 *
 * @param scores per node
 */
public record ScoredTree(TokenTree tree, List<TokenScores> scores) {

  /** The scores after the first {@code count} ids of a path; {@code null} if those were held. */
  public TokenScores after(int path, int count) {
    int[] nodes = tree.nodes(path, count);
    return nodes.length == 0 ? null : scores.get(nodes[nodes.length - 1]);
  }
}
