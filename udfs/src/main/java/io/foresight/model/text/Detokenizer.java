package io.foresight.model.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Texts of lines of ids that have much in common, as a row's candidates do: what a line shares with
 * the one before it is not decoded again. Of one thread.
 */
public final class Detokenizer {

  /** What stands for bytes that are no UTF-8. */
  public static final char REPLACEMENT = '\uFFFD';

  private final Tokenizer tokenizer;
  private final TokenPieces pieces;
  private int[] ids = {};
  private int[] ends = {};
  private int first = 0;
  private byte[] bytes = new byte[128];

  /**
   * @param pieces bytes that each id stands for; {@code null} if that depends on the neighbours
   */
  Detokenizer(Tokenizer tokenizer, TokenPieces pieces) {
    this.tokenizer = tokenizer;
    this.pieces = pieces;
  }

  /** The same as {@link Tokenizer#decode}. */
  public String text(int[] line) {
    return written(line).strip();
  }

  /** The same as {@link Tokenizer#written}. */
  public String written(int[] line) {
    if (pieces == null) {
      return tokenizer.written(line);
    }
    int common = Arrays.mismatch(ids, line);
    if (common < 0) {
      common = line.length;
    }
    int[] newEnds = Arrays.copyOf(ends, line.length);
    int end = common == 0 ? 0 : ends[common - 1];
    // Ids that have no text come before the first token, and do not count as it.
    first = Math.min(first, common);
    for (int i = common; i < line.length; i++) {
      byte[] piece = pieces.of(line[i], i == first);
      if (piece == null) {
        first += i == first ? 1 : 0;
      } else {
        if (end + piece.length > bytes.length) {
          bytes = Arrays.copyOf(bytes, Math.max(end + piece.length, 2 * bytes.length));
        }
        System.arraycopy(piece, 0, bytes, end, piece.length);
        end += piece.length;
      }
      newEnds[i] = end;
    }
    ids = line.clone();
    ends = newEnds;
    String text = new String(bytes, 0, end, StandardCharsets.UTF_8);
    // For how many bytes one replacement stands, Java and the tokenizer see differently.
    return text.indexOf(REPLACEMENT) < 0 ? text : tokenizer.written(line);
  }
}
