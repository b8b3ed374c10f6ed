package io.foresight.model.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/** The tokenizer of a model folder, {@code tokenizer.json}. Thread-safe. */
public final class Tokenizer implements AutoCloseable {

  /** A word that others are encoded after. */
  private static final String ANCHOR = "the";

  /** Most words that are remembered; beyond it the memory starts anew. */
  private static final int REMEMBERED_WORDS = 100_000;

  private final Path file;
  private final HuggingFaceTokenizer tokenizer;
  private final TokenPieces pieces;
  private final SpecialTokens special;

  /** Reads special tokens nowhere but where a prompt has them written; made when first needed. */
  private HuggingFaceTokenizer guarded;

  private final ReadWriteLock open = new ReentrantReadWriteLock();

  /** Guarded by {@link #open}. */
  private boolean closed;

  private final Map<String, int[]> words = new ConcurrentHashMap<>();
  private final Map<Integer, Boolean> wordStarts = new ConcurrentHashMap<>();

  private Tokenizer(
      Path file, HuggingFaceTokenizer tokenizer, TokenPieces pieces, SpecialTokens special) {
    this.file = file;
    this.tokenizer = tokenizer;
    this.pieces = pieces;
    this.special = special;
  }

  /**
   * Loads it.
   *
   * @throws ModelException if the folder has none, or one that cannot be read
   */
  public static Tokenizer load(Path folder) {
    return load(folder, Integer.MAX_VALUE);
  }

  /**
   * As {@link #load(Path)}, for texts of at most {@code maxTokens} ids: of longer ones it leaves
   * tokens of the text's end out, and none of those that it puts around a text.
   */
  public static Tokenizer load(Path folder, int maxTokens) {
    Path file = folder.resolve("tokenizer.json");
    if (Files.notExists(file)) {
      throw new ModelException(
          "Cannot load tokenizer "
              + file
              + ": there is no such file. Save the fast tokenizer beside the model.");
    }
    try {
      HuggingFaceTokenizer.Builder builder =
          HuggingFaceTokenizer.builder()
              .optTokenizerPath(file)
              .optAddSpecialTokens(true)
              .optTruncation(maxTokens < Integer.MAX_VALUE)
              .optPadding(false);
      if (maxTokens < Integer.MAX_VALUE) {
        builder.optMaxLength(maxTokens);
      }
      JsonNode json = new ObjectMapper().readTree(file.toFile());
      SpecialTokens special = SpecialTokens.of(json, ChatTemplate.sources(folder));
      return new Tokenizer(file, builder.build(), TokenPieces.of(json), special);
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
    return ids(tokenizer, text, true);
  }

  /**
   * Ids of a text that has its special tokens written out, as a chat template leaves it: none is
   * added.
   */
  public int[] encodeWritten(String text) {
    return ids(tokenizer, text, false);
  }

  private int[] ids(HuggingFaceTokenizer by, String text, boolean around) {
    long[] ids = whileOpen(() -> by.encode(text, around, false).getIds());
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  /** As {@link #decode}, with the spaces around it. */
  public String written(int... ids) {
    long[] wide = Arrays.stream(ids).asLongStream().toArray();
    return whileOpen(() -> tokenizer.decode(wide, true));
  }

  /** Native code must not be in use when its memory is given back. */
  private <T> T whileOpen(Supplier<T> use) {
    open.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("Cannot use tokenizer %s: it is closed.".formatted(file));
      }
      return use.get();
    } finally {
      open.readLock().unlock();
    }
  }

  /** As {@link #encode(String)}; what the prompt's data spells is no special token. */
  public int[] encode(PromptText prompt) {
    return guarded(prompt, true);
  }

  /** As {@link #encodeWritten(String)}; what the prompt's data spells is no special token. */
  public int[] encodeWritten(PromptText prompt) {
    return guarded(prompt, false);
  }

  private int[] guarded(PromptText prompt, boolean around) {
    int[] ids = ids(tokenizer, prompt.text(), around);
    if (!prompt.hasData()) {
      return ids;
    }
    if (!special.inData(prompt)) {
      // A normalizer may make a special token of what does not read like one.
      long count = special.count(ids);
      if (count == 0 || count == special.count(ids(tokenizer, prompt.withoutData('a'), around))) {
        return ids;
      }
    }
    return ids(guardedTokenizer(), special.secret(prompt), around);
  }

  private synchronized HuggingFaceTokenizer guardedTokenizer() {
    if (guarded == null) {
      try {
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree(file.toFile());
        special.renamed(json);
        json.putNull("truncation").putNull("padding");
        guarded =
            HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(new ObjectMapper().writeValueAsBytes(json)), null);
      } catch (IOException e) {
        throw new ModelException(
            "Cannot load tokenizer %s again: %s. Leave it where it is while it is in use."
                .formatted(file, e),
            e);
      }
    }
    return guarded;
  }

  /** Its special tokens. */
  SpecialTokens special() {
    return special;
  }

  /**
   * Text of generated ids, without special tokens and without the space that joins it to the
   * prompt.
   */
  public String decode(int[] ids) {
    return written(ids).strip();
  }

  /**
   * Ids of a word, or some, as they stand in a text after another word; empty if they do not decode
   * to it.
   */
  public int[] word(String word) {
    if (words.size() > REMEMBERED_WORDS) {
      words.clear();
    }
    return words.computeIfAbsent(word, this::encodeWord);
  }

  private int[] encodeWord(String word) {
    int[] before = encodeWritten(ANCHOR);
    int[] with = encodeWritten(ANCHOR + " " + word);
    int mismatch = Arrays.mismatch(before, with);
    if (mismatch != before.length) {
      return new int[0];
    }
    int[] ids = Arrays.copyOfRange(with, before.length, with.length);
    return decode(ids).equals(word) ? ids : new int[0];
  }

  /**
   * Whether what this id stands for goes on no word: it begins with no letter or digit, and with no
   * bytes that are only part of a character, which may go on the one before or be one.
   */
  public boolean startsWord(int id) {
    return wordStarts.computeIfAbsent(id, this::beginsWithoutLetter);
  }

  private boolean beginsWithoutLetter(int id) {
    // After another word, since decoders drop a space at the start of a text.
    int[] anchor = encodeWritten(ANCHOR);
    int[] both = Arrays.copyOf(anchor, anchor.length + 1);
    both[anchor.length] = id;
    String text = written(both);
    int end = written(anchor).length();
    return text.length() <= end
        || (!Character.isLetterOrDigit(text.codePointAt(end))
            && text.charAt(end) != Detokenizer.REPLACEMENT);
  }

  /** Decodes lines that have much in common. */
  public Detokenizer newDetokenizer() {
    return new Detokenizer(this, pieces);
  }

  /** Waits for those who are using it; from then on nobody can. */
  @Override
  public void close() {
    open.writeLock().lock();
    try {
      closed = true;
      synchronized (this) {
        if (guarded != null) {
          guarded.close();
        }
      }
      tokenizer.close();
    } finally {
      open.writeLock().unlock();
    }
  }
}
