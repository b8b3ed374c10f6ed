/**
 * What strategies are written in: hypotheses, verification, candidate steps and their pruning,
 * rollouts, token trees, hints. Public, since strategies in other jars are written in it too;
 * docs/own-strategies.md shows one.
 *
 * <p>p is the target, q the draft, as in the paper.
 */
package io.foresight.decoding.search;
