/**
 * One class per strategy, each to be read beside its definition in docs/decoding.md, and nothing
 * else.
 *
 * <table>
 * <caption>The paper's terms and symbols (Nakshatri et al., NAACL 2025)</caption>
 * <tr><th>paper<th>here<th>setting
 * <tr><td>target, draft model p, q<td>{@link io.foresight.decoding.LanguageModel}<td>models.target, models.draft
 * <tr><td>speculative lookahead, draft z of g tokens<td>{@code Hypothesis.rollOut}<td>decoding.draft-length
 * <tr><td>verified draft w<td>{@link io.foresight.decoding.search.VerifiedDraft}<td>decoding.verification
 * <tr><td>acceptance A, threshold tau_A<td>{@code VerifiedDraft.acceptance}<td>decoding.acceptance-threshold
 * <tr><td>reward R, threshold tau_R<td>{@link io.foresight.decoding.HypothesisReward}<td>reward.threshold
 * <tr><td>four actions, S1 to S4<td>{@link io.foresight.decoding.strategy.Cdsl}<td>decoding.s2, .s3, .s4
 * <tr><td>k candidates, lookahead of d tokens<td>{@link io.foresight.decoding.search.CandidateStep}<td>decoding.candidates, .lookahead
 * <tr><td>lambda<td>{@link io.foresight.decoding.search.CandidateChoice}<td>reward.weight
 * <tr><td>CDLH, CDLH with approximate lookaheads<td>{@link io.foresight.decoding.strategy.Cdlh}, {@link io.foresight.decoding.strategy.CdlhAppx}<td>decoding.strategy
 * </table>
 */
package io.foresight.decoding.strategy;
