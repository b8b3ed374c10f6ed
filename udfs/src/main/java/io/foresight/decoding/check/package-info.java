/**
 * Holds a strategy to what it claims, by random rows of toy models and rewards; for strategies in
 * jars too: {@code ./submit.sh check-strategy NAME}. Pure Java, and no test library.
 */
package io.foresight.decoding.check;
