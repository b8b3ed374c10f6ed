/**
 * What computes: TorchScript programs of causal models and classifiers, their sessions and caches,
 * and the scheduler that batches the forwards of many rows.
 */
package io.foresight.model;
