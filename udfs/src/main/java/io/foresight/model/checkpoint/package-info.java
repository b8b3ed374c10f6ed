/**
 * What is read of a model's folder: configuration, families, names and shapes of tensors,
 * safetensors, digests.
 *
 * <p>A new family is an entry of {@code Families} or {@code EncoderFamilies}, and a parity fixture.
 */
package io.foresight.model.checkpoint;
