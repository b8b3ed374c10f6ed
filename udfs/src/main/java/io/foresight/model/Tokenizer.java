package io.foresight.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** The tokenizer of a model folder, {@code tokenizer.json}. Thread-safe. */
public final class Tokenizer implements AutoCloseable {

  private final HuggingFaceTokenizer tokenizer;
  private final byte[][] pieces;

  private Tokenizer(HuggingFaceTokenizer tokenizer, byte[][] pieces) {
    this.tokenizer = tokenizer;
    this.pieces = pieces;
  }

  /**
   * Loads it.
   *
   * @throws ModelException if the folder has none, or one that cannot be read
   */
  public static Tokenizer load(Path folder) {
    Path file = folder.resolve("tokenizer.json");
    if (Files.notExists(file)) {
      throw new ModelException(
          "Cannot load tokenizer "
              + file
              + ": there is no such file. Save the fast tokenizer beside the model.");
    }
    try {
      return new Tokenizer(
          HuggingFaceTokenizer.builder()
              .optTokenizerPath(file)
              .optAddSpecialTokens(true)
              .optTruncation(false)
              .optPadding(false)
              .build(),
          TokenPieces.read(file));
    } catch (IOException | RuntimeException e) {
      throw new ModelException(
          "Cannot load tokenizer "
              + file
              + ": "
              + e.getMessage()
              + ". Save it again with transformers.",
          e);
    }
  }

  /**
   * Ids of a prompt, with the special tokens that the tokenizer puts around a text (BOS, as a
   * rule).
   */
  public int[] encode(String text) {
    return Arrays.stream(tokenizer.encode(text).getIds()).mapToInt(Math::toIntExact).toArray();
  }

  /**
   * Text of generated ids, without special tokens and without the space that joins it to the
   * prompt.
   */
  public String decode(int[] ids) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true).strip();
  }

  /** Decodes lines that have much in common. */
  public Detokenizer newDetokenizer() {
    return new Detokenizer(this, pieces);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
