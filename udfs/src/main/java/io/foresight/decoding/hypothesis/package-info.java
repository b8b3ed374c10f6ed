/**
 * One model's view of a text that grows: what its cache holds, what is known of its greedy
 * continuation, and what is asked of its logits. Knows of one row at a time, and of no reward.
 */
package io.foresight.decoding.hypothesis;
