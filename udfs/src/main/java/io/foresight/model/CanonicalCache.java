package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.decoding.Scores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Scores that are a function of a path alone, whatever else is decoded: in forwards over its blocks
 * of {@link #BLOCK} tokens, one at a time, up to the block that is asked for. Matrix libraries
 * choose kernels by shape, and the shapes are always these. Whole blocks stay in a cache of their
 * own, so that the next place of the same text costs no more than a block; which of them are still
 * there changes no score. Belongs to its session's thread.
 */
final class CanonicalCache implements AutoCloseable {

  /**
   * Tokens per forward: few, since up to so many are computed again for each place, and not too few
   * for matrix products.
   */
  static final int BLOCK = 32;

  /** Texts that are kept, the latest ones: each has a sequence of its own in the cache. */
  private static final int MOST = 16;

  private final Supplier<ModelSession> open;

  /** {@code null} until something was asked for. */
  private ModelSession session;

  private boolean busy;

  /** Whole blocks of texts, the latest used last. */
  private final List<ModelSession.Slot> kept = new ArrayList<>();

  /**
   * Empty, and without memory until something is asked for.
   *
   * @param open a session for these forwards alone
   */
  CanonicalCache(Supplier<ModelSession> open) {
    this.open = open;
  }

  /** Whether a score is being computed, so that nothing of it may be given up. */
  boolean isBusy() {
    return busy;
  }

  /** The session of its forwards; {@code null} if there were none. */
  ModelSession session() {
    return session;
  }

  /**
   * Scores a path.
   *
   * @param path tokens from the prompt's first on
   * @param ask what of which of its positions
   */
  Scores score(int[] path, LogitsRequest ask) {
    busy = true;
    try {
      return computed(path, ask);
    } finally {
      busy = false;
    }
  }

  private Scores computed(int[] path, LogitsRequest ask) {
    if (session == null) {
      session = open.get();
    }
    int from = ask.from() / BLOCK * BLOCK;
    ModelSession.Slot sequence = upTo(path, from);
    List<Scores> parts = new ArrayList<>();
    for (int at = from; at < path.length; at += BLOCK) {
      int end = Math.min(at + BLOCK, path.length);
      int first = Math.max(ask.from(), at);
      LogitsRequest part = ask.part(first - at, first - ask.from(), end - ask.from());
      parts.add(extend(sequence, Arrays.copyOfRange(path, at, end), part));
    }
    sequence.truncate(path.length / BLOCK * BLOCK);
    return parts.size() == 1 ? parts.get(0) : Scores.joined(parts);
  }

  /** A sequence of the first {@code count} tokens of a path, whole blocks, and no more. */
  private ModelSession.Slot upTo(int[] path, int count) {
    ModelSession.Slot best = null;
    int held = 0;
    for (ModelSession.Slot sequence : kept) {
      int common = Math.min(sequence.common(path), count) / BLOCK * BLOCK;
      if (best == null || common >= held) {
        best = sequence;
        held = common;
      }
    }
    ModelSession.Slot own = own(best, held, path.length);
    own.truncate(held);
    kept.remove(own);
    kept.add(own);
    for (int at = held; at < count; at += BLOCK) {
      extend(own, Arrays.copyOfRange(path, at, at + BLOCK), LogitsRequest.NOTHING);
    }
    return own;
  }

  /** The sequence itself if all that it holds is wanted, else one that begins as it does. */
  private ModelSession.Slot own(ModelSession.Slot best, int held, int positions) {
    if (best != null && best.length() == held) {
      return best;
    }
    while (kept.size() >= MOST || !session.hasRoom(kept.size() + 1, positions)) {
      if (kept.isEmpty()) {
        break;
      }
      ModelSession.Slot oldest = kept.get(0);
      if (oldest == best) {
        return best;
      }
      kept.remove(oldest);
      oldest.close();
    }
    return held == 0 ? session.openSlot() : best.fork();
  }

  private Scores extend(ModelSession.Slot sequence, int[] tokens, LogitsRequest ask) {
    ForwardRequest request = ForwardRequest.of(sequence, tokens, ask);
    Scores scores = session.extendAsIs(request);
    sequence.extended(request);
    return scores;
  }

  /** Gives up its memory; what is asked for later is computed anew. */
  @Override
  public void close() {
    kept.clear();
    if (session != null) {
      session.close();
      session = null;
    }
  }
}
