/**
 * What a strategy decodes against and what it gives: language models and their sequences, requests,
 * rewards, counters. Pure Java: no Spark, no DJL, no input or output.
 *
 * <p>A new strategy is a {@link io.foresight.decoding.StrategyFactory}, ours in {@code strategy},
 * any other in a jar.
 */
package io.foresight.decoding;
