/** Rewards of structure: JSON in a text, and whether it is as a schema says. */
package io.foresight.reward.json;
