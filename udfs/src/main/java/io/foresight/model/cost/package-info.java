/**
 * What forwards take: counted as they run, and timed by their shape. Knows models only as something
 * that is extended.
 */
package io.foresight.model.cost;
