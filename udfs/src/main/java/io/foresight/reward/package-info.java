/**
 * What a reward is, how several make one, and how a row's texts are judged by them. Below it
 * families of rewards.
 *
 * <p>A new reward is a {@link io.foresight.reward.RewardFactory}: a class in one of the families
 * and a line in META-INF/services.
 */
package io.foresight.reward;
