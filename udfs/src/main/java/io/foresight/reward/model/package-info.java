/** Rewards that a model gives: classifiers and reward models. */
package io.foresight.reward.model;
