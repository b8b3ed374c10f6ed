package io.foresight.decoding.search;

import io.foresight.decoding.Counters;
import java.util.EnumMap;
import java.util.Map;

/**
 * The counters of a row while it is being decoded. {@link DecodingRow} keeps them; a strategy names
 * their kinds.
 */
public final class RowCounters {

  long targetForwards;
  long targetPositions;
  long draftForwards;
  long draftPositions;
  long drafted;
  long accepted;
  long rewardCalls;
  long nearTies;
  long beyondDraftContext;
  final Map<Origin, Long> committed = new EnumMap<>(Origin.class);
  final Map<State, Long> states = new EnumMap<>(State.class);

  /** Where a committed token came from. */
  public enum Origin {
    /** A draft's, which p accepted. */
    DRAFT,
    /** p's own. */
    TARGET,
    /** One of several, chosen by the reward. */
    CANDIDATE,
    /** A string that the reward asked for. */
    HINT
  }

  /** The four states of a CDSL step. */
  public enum State {
    /** Draft accepted, reward passes. */
    S1,
    /** Draft rejected, reward passes. */
    S2,
    /** Draft accepted, reward fails. */
    S3,
    /** Draft rejected, reward fails. */
    S4
  }

  Counters snapshot() {
    return new Counters(
        targetForwards,
        targetPositions,
        draftForwards,
        draftPositions,
        drafted,
        accepted,
        committed.getOrDefault(Origin.DRAFT, 0L),
        committed.getOrDefault(Origin.TARGET, 0L),
        committed.getOrDefault(Origin.CANDIDATE, 0L),
        committed.getOrDefault(Origin.HINT, 0L),
        rewardCalls,
        states.getOrDefault(State.S1, 0L),
        states.getOrDefault(State.S2, 0L),
        states.getOrDefault(State.S3, 0L),
        states.getOrDefault(State.S4, 0L),
        nearTies,
        beyondDraftContext);
  }
}
