package io.foresight.model.text;

import java.util.Arrays;

/**
 * The characters that stand for bytes in a byte-level BPE vocabulary, as GPT-2 has them: printable
 * Latin-1 characters for themselves, the characters from U+0100 on for the other bytes in order.
 */
public final class ByteAlphabet {

  private static final char[] CHARACTERS = new char[256];
  private static final int[] BYTES = new int[512];

  static {
    Arrays.fill(BYTES, -1);
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      CHARACTERS[b] = (char) (printable ? b : next++);
      BYTES[CHARACTERS[b]] = b;
    }
  }

  private ByteAlphabet() {}

  /** The character of a byte, 0 to 255. */
  public static char character(int value) {
    return CHARACTERS[value];
  }

  /** The byte of a character, or -1 if it stands for none. */
  static int value(char character) {
    return character < BYTES.length ? BYTES[character] : -1;
  }
}
