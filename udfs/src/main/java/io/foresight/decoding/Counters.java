package io.foresight.decoding;

/**
 * What the decoding of one row, or of many, took. Forwards count calls of {@link
 * LanguageModel#extend} in which a row took part, positions the tokens in them; the physical
 * forwards of a batcher are another figure.
 *
 * @param targetForwards calls of p
 * @param targetPositions tokens that went through p, the prompt included
 * @param draftForwards calls of q
 * @param draftPositions tokens that went through q, the prompt included
 * @param drafted draft tokens submitted to verification
 * @param accepted draft tokens that verification accepted
 * @param committedDraft output tokens that q drafted and p accepted
 * @param committedTarget output tokens that are p's own
 * @param committedCandidate output tokens chosen among candidates
 * @param committedHint output tokens that a reward's hint named
 * @param rewardCalls evaluations of the reward
 * @param s1 steps in state S1 (draft accepted, reward passes)
 * @param s2 steps in state S2 (draft rejected, reward passes)
 * @param s3 steps in state S3 (draft accepted, reward fails)
 * @param s4 steps in state S4 (draft rejected, reward fails)
 * @param nearTies scored positions, and choices among candidates, whose margin was below {@link
 *     Scores#NEAR_TIE}
 * @param beyondDraftContext output tokens that a longer text precedes than q's context holds, so
 *     that q saw a part of it; 0 without a draft
 */
public record Counters(
    long targetForwards,
    long targetPositions,
    long draftForwards,
    long draftPositions,
    long drafted,
    long accepted,
    long committedDraft,
    long committedTarget,
    long committedCandidate,
    long committedHint,
    long rewardCalls,
    long s1,
    long s2,
    long s3,
    long s4,
    long nearTies,
    long beyondDraftContext) {

  /** Nothing counted. */
  public static final Counters ZERO =
      new Counters(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** The sum of both, counter by counter. */
  public Counters plus(Counters other) {
    return new Counters(
        targetForwards + other.targetForwards,
        targetPositions + other.targetPositions,
        draftForwards + other.draftForwards,
        draftPositions + other.draftPositions,
        drafted + other.drafted,
        accepted + other.accepted,
        committedDraft + other.committedDraft,
        committedTarget + other.committedTarget,
        committedCandidate + other.committedCandidate,
        committedHint + other.committedHint,
        rewardCalls + other.rewardCalls,
        s1 + other.s1,
        s2 + other.s2,
        s3 + other.s3,
        s4 + other.s4,
        nearTies + other.nearTies,
        beyondDraftContext + other.beyondDraftContext);
  }

  /** Output tokens: the sum of the committed tokens of every origin. */
  public long committed() {
    return committedDraft + committedTarget + committedCandidate + committedHint;
  }
}
