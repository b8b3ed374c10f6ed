package io.foresight.reward.text;

import java.text.Normalizer;

/**
 * A text as its words are compared: what Unicode writes in several ways is one (NFC), ligatures,
 * full-width and mathematical letters are plain ones (NFKC), apostrophes are straight, and what
 * cannot be seen, as soft hyphens and zero-width characters, is left out.
 */
final class PlainText {

  private static final String APOSTROPHES = "\u2018\u2019\u201b\u02bc\u2032";

  private PlainText() {}

  /** The text in that form; one in ASCII is its own. */
  static String of(String text) {
    if (isAscii(text)) {
      return text;
    }
    StringBuilder plain = new StringBuilder(text.length());
    text.codePoints()
        .filter(character -> !isInvisible(character))
        .forEach(
            character -> {
              if (APOSTROPHES.indexOf(character) >= 0) {
                plain.append('\'');
              } else if (isVariant(character)) {
                plain.append(
                    Normalizer.normalize(Character.toString(character), Normalizer.Form.NFKC));
              } else {
                plain.appendCodePoint(character);
              }
            });
    return Normalizer.normalize(plain, Normalizer.Form.NFC);
  }

  static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 0x7f) {
        return false;
      }
    }
    return true;
  }

  /** Format characters, and what else Unicode ignores where it has no glyph; the Arabic filler. */
  private static boolean isInvisible(int character) {
    return Character.getType(character) == Character.FORMAT
        || (character >= 0xfe00 && character <= 0xfe0f)
        || (character >= 0xe0100 && character <= 0xe01ef)
        || (character >= 0x180b && character <= 0x180f)
        || switch (character) {
          case 0x34f, 0x640, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x3164, 0xffa0 -> true;
          default -> false;
        };
  }

  /**
   * Blocks of letters that are others in another guise. Not all that NFKC knows: of a fraction or a
   * trade mark's sign it would make more of the word before.
   */
  private static boolean isVariant(int character) {
    boolean letter =
        Character.isLetterOrDigit(character)
            || Character.getType(character) == Character.LETTER_NUMBER;
    return (character >= 0xff01 && character <= 0xffef)
        || (character >= 0x24b6 && character <= 0x24e9)
        || (letter
            && ((character >= 0x132 && character <= 0x149)
                || character == 0x17f
                || (character >= 0x1c4 && character <= 0x1f3)
                || (character >= 0x2100 && character <= 0x218f)
                || (character >= 0xfb00 && character <= 0xfdff)
                || (character >= 0xfe70 && character <= 0xfefc)
                || (character >= 0x1d400 && character <= 0x1d7ff)));
  }
}
