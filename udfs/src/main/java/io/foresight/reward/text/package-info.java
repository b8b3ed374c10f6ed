/**
 * Rewards of words and characters: keywords, forbidden words, length, patterns, readability,
 * similarity; and what a word is.
 */
package io.foresight.reward.text;
