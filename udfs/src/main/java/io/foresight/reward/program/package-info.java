/** Rewards that a program of the user's gives, in a process of its own. */
package io.foresight.reward.program;
