package io.foresight.decoding.search;

import static io.foresight.decoding.DecodingSettings.ADAPTIVE_DRAFT;
import static io.foresight.decoding.DecodingSettings.REWARD_MODE;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.Generation;
import io.foresight.decoding.HypothesisReward;
import io.foresight.decoding.Judgement;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Request;
import io.foresight.decoding.RowFault;
import io.foresight.decoding.Scores;
import io.foresight.decoding.budget.DraftBudget;
import io.foresight.decoding.hypothesis.Ids;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.decoding.search.RowCounters.State;
import io.foresight.settings.Settings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A row while it is being decoded: what was generated, what may still come, and what it took. Every
 * strategy opens one, asks models and reward by way of it, so that they are counted, and returns
 * its {@link #generation()}.
 */
public final class DecodingRow {

  private final LanguageModel target;
  private final LanguageModel draft;
  private final HypothesisReward reward;
  private final Runnable committed;
  private final Predicate<int[]> stop;
  private final double rewardBound;
  private final RowCounters tally = new RowCounters();
  private final int[] prompt;
  private final int limit;

  private int[] generated = new int[0];
  private double logProb;
  private int told;
  private boolean ended;
  private boolean stopped;
  private final List<Generation.Output> outputs = new ArrayList<>();
  private final List<Committed> output = new ArrayList<>();
  private int[] judged;
  private Judgement judgement;

  /**
   * Opens a row.
   *
   * @param draft {@code null} for strategies without one
   * @throws RowFault if the prompt leaves no room in the target's context
   */
  public DecodingRow(LanguageModel target, LanguageModel draft, Request request) {
    int room = target.contextLength() - request.prompt().length;
    if (request.prompt().length < 1 || room < 1) {
      throw new RowFault(
          RowFault.Kind.PROMPT,
          "Cannot decode a prompt of %d tokens: it must have one and leave room in the context"
              .formatted(request.prompt().length));
    }
    if (request.maxNewTokens() < 1) {
      throw new IllegalArgumentException(
          "Cannot decode %d tokens: at least one is needed".formatted(request.maxNewTokens()));
    }
    this.target =
        new CountingModel(
            target,
            target,
            request.rules(),
            (positions, nearTies) -> {
              tally.targetForwards++;
              tally.nearTies += nearTies;
              tally.targetPositions += positions;
            });
    this.draft =
        draft == null
            ? null
            : new CountingModel(
                draft,
                target,
                request.rules(),
                (positions, nearTies) -> {
                  tally.draftForwards++;
                  tally.nearTies += nearTies;
                  tally.draftPositions += positions;
                });
    this.reward = request.reward();
    this.committed = request.committed();
    this.stop = request.stop();
    this.rewardBound = reward.upperBound();
    this.prompt = request.prompt().clone();
    this.limit = Math.min(request.maxNewTokens(), room);
  }

  /** p, counted. */
  public LanguageModel target() {
    return target;
  }

  /** q, counted; {@code null} for strategies without one. */
  public LanguageModel draft() {
    return draft;
  }

  /** How far q drafts where that cannot change the output. */
  public DraftBudget draftBudget(Settings settings) {
    return settings.get(ADAPTIVE_DRAFT).on(true)
        ? DraftBudget.of(draft.fit(), target.cost(), draft.cost())
        : DraftBudget.unlimited();
  }

  /** Prompt and generated ids. */
  public int[] tokens() {
    return Ids.concat(prompt, generated);
  }

  /** Tokens that the output may have: what the row allows, and the context after its prompt. */
  public int limit() {
    return limit;
  }

  /** Tokens that may still be generated. */
  public int remaining() {
    return limit - generated.length;
  }

  /** Whether the output ended by EOS or reached the limit; then nothing can be committed. */
  public boolean finished() {
    return ended || remaining() == 0;
  }

  /** Whether {@code id} ends the output. */
  public boolean isEos(int id) {
    return target.isEos(id);
  }

  /**
   * R of what was generated and {@code continuation}; finished if that ends by EOS or at the limit.
   *
   * @throws RowFault if it is no number or above the reward's upper bound
   */
  public double reward(int... continuation) {
    return judge(continuation).reward();
  }

  private Judgement judge(int... continuation) {
    int[] hypothesis = upToStop(Ids.concat(generated, continuation));
    // A hypothesis that was judged last and then committed is the next step's R(y).
    if (!Arrays.equals(hypothesis, judged)) {
      tally.rewardCalls++;
      judgement = checked(reward.judge(hypothesis.clone(), endsAt(hypothesis)));
      judged = hypothesis;
    }
    return judgement;
  }

  /**
   * Whether {@code continuation} passes: every part of the reward fulfils its criterion, as the
   * settings change it. In gain mode a part also passes by rising over what was generated so far; a
   * finished text is judged by level.
   */
  public boolean passes(Settings settings, int... continuation) {
    List<Criterion> criteria = criteria(settings);
    boolean gains = gains(settings) && !finishedBy(continuation);
    double[] before = gains ? judge().parts() : null;
    double[] parts = judge(continuation).parts();
    for (int i = 0; i < parts.length; i++) {
      Criterion criterion = criteria.get(i);
      boolean rises = gains && criterion.mode() == RewardMode.GAIN && parts[i] > before[i];
      if (!(parts[i] >= criterion.threshold() || rises)) {
        return false;
      }
    }
    return true;
  }

  /** Whether {@code continuation} passes by level alone. */
  public boolean holds(Settings settings, int... continuation) {
    return passes(settings.with(REWARD_MODE, RewardMode.LEVEL), continuation);
  }

  /** Whether a hypothesis may pass by raising the reward. */
  public boolean gains(Settings settings) {
    return criteria(settings).stream().anyMatch(c -> c.mode() == RewardMode.GAIN);
  }

  private List<Criterion> criteria(Settings settings) {
    return reward.criteria().stream().map(criterion -> criterion.under(settings)).toList();
  }

  private Judgement checked(Judgement value) {
    if (!(value.reward() <= rewardBound)) {
      throw new RowFault(
          RowFault.Kind.REWARD,
          "Cannot use a reward of %s: the reward's own upper bound is %s"
              .formatted(value.reward(), rewardBound));
    }
    return value;
  }

  /** {@link #reward} of each of several continuations, scored together. */
  public double[] rewards(List<int[]> continuations) {
    List<int[]> hypotheses =
        continuations.stream().map(c -> upToStop(Ids.concat(generated, c))).toList();
    boolean[] finished = new boolean[hypotheses.size()];
    for (int i = 0; i < finished.length; i++) {
      finished[i] = endsAt(hypotheses.get(i));
    }
    tally.rewardCalls += finished.length;
    return reward.judge(hypotheses, finished).stream()
        .mapToDouble(judgement -> checked(judgement).reward())
        .toArray();
  }

  /**
   * What would raise the reward of what was generated and {@code continuation}, as the reward says,
   * each once; without what cannot stand inside a text.
   */
  public List<int[]> hints(int... continuation) {
    // A word without case is a capitalized one too.
    Set<List<Integer>> seen = new HashSet<>();
    return reward.hints(Ids.concat(generated, continuation)).stream()
        .filter(hint -> hint.length > 0 && Arrays.stream(hint).noneMatch(this::isNoText))
        .filter(hint -> seen.add(Arrays.stream(hint).boxed().toList()))
        .toList();
  }

  private boolean isNoText(int id) {
    return id < 0 || id >= target.vocabularySize() || isEos(id);
  }

  /** Whether a hint may stand where p would go on with {@code id}. */
  public boolean startsWord(int id) {
    return isEos(id) || reward.startsWord(id);
  }

  /** Whether the reward tells one hypothesis from another. */
  public boolean isJudged() {
    return reward.isJudging();
  }

  /** Rmax, the most that {@link #reward} can be. */
  public double rewardBound() {
    return rewardBound;
  }

  /** What the reward of {@code continuation} comes to if it rises by so many steps. */
  public double reach(int steps, int... continuation) {
    return Math.min(rewardBound, reward.reach(judge(continuation), steps));
  }

  /** Whether so many steps, from no reward at all, are as far as there is to rise. */
  public boolean isReached(int steps) {
    Judgement nothing = new Judgement(0, new double[reward.criteria().size()]);
    return steps > 0 && reward.reach(nothing, steps) >= rewardBound;
  }

  /** Whether the row would be finished after {@code continuation}. */
  public boolean finishedBy(int... continuation) {
    return endsAt(Ids.concat(generated, continuation));
  }

  /** Whether EOS or a stop would end the row with {@code continuation}, and not the limit alone. */
  public boolean stoppedBy(int... continuation) {
    int[] hypothesis = Ids.concat(generated, continuation);
    return hypothesis.length > 0
        && (isEos(hypothesis[hypothesis.length - 1]) || stop.test(hypothesis));
  }

  private boolean endsAt(int[] hypothesis) {
    return hypothesis.length == limit
        || (hypothesis.length > 0 && isEos(hypothesis[hypothesis.length - 1]))
        || stop.test(hypothesis);
  }

  /**
   * What of a text, which follows what was generated, would be committed: all but what follows a
   * stop.
   */
  public List<TokenScores> upToStop(List<TokenScores> text) {
    int[] ids = text.stream().mapToInt(TokenScores::id).toArray();
    return text.subList(0, upToStop(Ids.concat(generated, ids)).length - generated.length);
  }

  /** A hypothesis as far as it would be committed: drafts and rollouts run on behind a stop. */
  private int[] upToStop(int[] hypothesis) {
    if (!stop.test(hypothesis)) {
      return hypothesis;
    }
    int length = generated.length;
    while (!stop.test(Arrays.copyOf(hypothesis, length))) {
      length++;
    }
    return Arrays.copyOf(hypothesis, length);
  }

  /**
   * Appends a token to the output. One that follows what stops the row is no part of it, and left
   * out: drafts and rollouts run on behind.
   *
   * @param origin whose it is, for the counters
   * @param tokenLogProb its log p, without noise
   * @throws IllegalStateException if the row is finished
   */
  public void commit(Origin origin, int id, double tokenLogProb) {
    if (stopped) {
      return;
    }
    if (finished()) {
      throw new IllegalStateException(
          "Cannot commit token %d: the row is finished after %d tokens"
              .formatted(id, generated.length));
    }
    generated = Ids.concat(generated, id);
    output.add(new Committed(origin, id, tokenLogProb));
    logProb += tokenLogProb;
    stopped = stop.test(generated);
    ended = stopped || isEos(id);
    tally.committed.merge(origin, 1L, Long::sum);
    // What is decoded anew is told of as far as it is longer than before.
    if (generated.length > told) {
      told = generated.length;
      committed.run();
    }
  }

  /** A token as it was committed. */
  public record Committed(Origin origin, int id, double logProb) {}

  /** Takes back all that was committed, and returns it, to be committed again or never. */
  public List<Committed> retract() {
    List<Committed> taken = List.copyOf(output);
    output.clear();
    generated = new int[0];
    logProb = 0;
    ended = false;
    stopped = false;
    tally.committed.clear();
    return taken;
  }

  /** Keeps a text that the strategy had beside the one that it commits, before it commits any. */
  public void output(List<TokenScores> sample) {
    List<TokenScores> text = upToStop(sample);
    int[] ids = text.stream().mapToInt(TokenScores::id).toArray();
    boolean isEnded = stop.test(ids) || isEos(ids[ids.length - 1]);
    double sum = text.stream().mapToDouble(TokenScores::logProb).sum();
    outputs.add(new Generation.Output(ids, isEnded, sum));
  }

  /** Counts one verification. */
  public void verified(int drafted, int accepted) {
    tally.drafted += drafted;
    tally.accepted += accepted;
  }

  /** Counts one CDSL step. */
  public void step(State state) {
    tally.states.merge(state, 1L, Long::sum);
  }

  /** Counts a choice by less than {@link Scores#NEAR_TIE}. */
  public void nearTie() {
    tally.nearTies++;
  }

  /** The output so far, with what it took. */
  public Generation generation() {
    if (draft != null) {
      int end = prompt.length + generated.length;
      int firstBeyond = Math.max(prompt.length, draft.contextLength() + 1);
      tally.beyondDraftContext = Math.max(0, end - firstBeyond);
    }
    return new Generation(generated.clone(), ended, logProb, tally.snapshot(), outputs);
  }
}
