/**
 * Text to ids and back: tokenizers, what of them differs, chat templates. The lowest room of {@code
 * model}, so that the exception of models that cannot be used stands here.
 */
package io.foresight.model.text;
