package io.foresight.decoding.search;

import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.budget.DraftBudget;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.TokenScores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * q's greedy draft, as far as its budget lets it go.
 *
 * @param ids z
 * @param margins by how much q preferred each of them, in nats
 */
public record Draft(int[] ids, double[] margins) {

  /** Of one hypothesis; at most {@code most} tokens. */
  public static Draft of(LanguageModel draft, Hypothesis q, int most, DraftBudget budget) {
    return of(draft, List.of(q), new int[] {most}, budget).get(0);
  }

  /**
   * Of each hypothesis, one forward per token for all that go on.
   *
   * @param most tokens of each, at most
   */
  public static List<Draft> of(
      LanguageModel draft, List<Hypothesis> hypotheses, int[] most, DraftBudget budget) {
    int together = hypotheses.size();
    int[] allowed = Arrays.stream(most).map(count -> budget.most(count, together)).toArray();
    Hypothesis.rollOut(
        draft,
        hypotheses,
        i ->
            hypotheses.get(i).reaches(allowed[i])
                || !budget.goesOn(survival(hypotheses.get(i), budget), together),
        0,
        0);
    List<Draft> drafts = new ArrayList<>();
    for (int i = 0; i < allowed.length; i++) {
      drafts.add(verified(hypotheses.get(i).known(), allowed[i], budget, together));
    }
    return drafts;
  }

  private static double survival(Hypothesis q, DraftBudget budget) {
    double survival = 1;
    for (TokenScores next : q.known()) {
      survival *= budget.acceptance(next.margin());
    }
    return survival;
  }

  /** The tokens that are worth a position of p. */
  private static Draft verified(
      List<TokenScores> known, int most, DraftBudget budget, int together) {
    int count = 0;
    double survival = 1;
    while (count < Math.min(most, known.size())) {
      survival *= budget.acceptance(known.get(count).margin());
      // A single token is verified in any case, or nothing would be learnt of it.
      if (count > 0 && !budget.isVerified(survival, together)) {
        break;
      }
      count++;
    }
    List<TokenScores> taken = known.subList(0, count);
    return new Draft(
        taken.stream().mapToInt(TokenScores::id).toArray(),
        taken.stream().mapToDouble(TokenScores::margin).toArray());
  }
}
