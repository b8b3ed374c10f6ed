package io.foresight.reward.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text's words, {@link #folded}. A word is a run of letters and digits, with their marks, of
 * inner apostrophes and of points and commas between digits, without a possessive 's; {@code ++},
 * {@code +} or {@code #} at its end belongs to it, as in C++. In scripts that put no blanks between
 * words, as Chinese, Japanese and Thai do, each letter with its marks is one. Texts are read as
 * {@link PlainText} has them.
 */
public record Words(List<String> words) {

  /** Scripts without blanks, and the letters that several of them share. */
  private static final String UNSPACED =
      "\\p{IsHan}\\p{IsHiragana}\\p{IsKatakana}\\p{IsBopomofo}\\p{IsThai}\\p{IsLao}\\p{IsKhmer}"
          + "\\p{IsMyanmar}\\p{IsTai_Le}\\p{IsNew_Tai_Lue}\\p{IsTai_Tham}\\p{IsTai_Viet}"
          + "\\p{IsJavanese}\\p{IsBalinese}\u3006\u3031-\u3035\u303c\u30fc";

  private static final String ASCII_WORD = spaced("[A-Za-z0-9]", "[A-Za-z0-9]", "[0-9]");

  private static final String ANY_WORD =
      "[\\p{L}\\p{N}&&[%1$s]]\\p{M}*+|".formatted(UNSPACED)
          + spaced(
              "[\\p{L}\\p{N}&&[^%s]]".formatted(UNSPACED),
              "[\\p{L}\\p{N}\\p{M}&&[^%s]]".formatted(UNSPACED),
              "\\p{Nd}");

  /** What says something beside words: the same symbol any number of times, or a picture. */
  private static final String SYMBOLS =
      "|([#%&*@\u00a7\u00b6\u2020\u2021\u2030\u2031\\p{Sm}\\p{Sc}\\p{Sk}])\\1*+|\\p{So}";

  /** Most texts are ASCII, in which words are found faster. */
  private record Finder(Pattern ascii, Pattern any) {

    static Finder of(String more) {
      return new Finder(Pattern.compile(ASCII_WORD + more), Pattern.compile(ANY_WORD + more));
    }

    Matcher in(String plain) {
      return (PlainText.isAscii(plain) ? ascii : any).matcher(plain);
    }
  }

  private static final Finder WORD = Finder.of("");
  private static final Finder WORD_OR_SYMBOL = Finder.of(SYMBOLS);

  // Possessive quantifiers: others recurse, and a long run would exhaust the stack.
  private static String spaced(String letter, String inner, String digit) {
    return "%1$s%2$s*+(?:(?:'|(?<=%3$s)[.,](?=%3$s))%1$s%2$s*+)*+(?:[+][+]|[+#](?!%1$s|[+#]))?+"
        .formatted(letter, inner, digit);
  }

  /** All words of a text that will not go on. */
  public static Words of(String text) {
    return new Words(folded(asWritten(text, true)));
  }

  /** The words of a text that may go on: a word that touches its end is left out. */
  static Words ofUnfinished(String text) {
    return new Words(folded(asWritten(text, false)));
  }

  /** Their stems. */
  List<String> stems() {
    return words.stream().map(Stemmer::stem).toList();
  }

  /** The words without case, as Unicode folds it. */
  static List<String> folded(List<String> words) {
    return words.stream().map(Words::folded).toList();
  }

  private static String folded(String word) {
    if (PlainText.isAscii(word)) {
      return word.toLowerCase(Locale.ROOT);
    }
    // Upper case first, in which sharp s and both sigmas are as others; then a dot above an i,
    // which only the capital has.
    String folded = word.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT).replace("i\u0307", "i");
    return Normalizer.normalize(folded, Normalizer.Form.NFC);
  }

  /** The words in their own case; of a text that may go on without one that touches its end. */
  static List<String> asWritten(String text, boolean finished) {
    return found(WORD, text, finished);
  }

  /** The words, and the symbols between them and around them: C * 5 % has four. */
  static List<String> withSymbols(String text, boolean finished) {
    return found(WORD_OR_SYMBOL, text, finished);
  }

  private static List<String> found(Finder finder, String text, boolean finished) {
    String plain = PlainText.of(text);
    List<String> words = new ArrayList<>();
    Matcher matcher = finder.in(plain);
    while (matcher.find()) {
      if (!finished && touchesEnd(plain, matcher.end())) {
        break;
      }
      words.add(withoutPossessive(matcher.group()));
    }
    return words;
  }

  /** Whether what {@link #withSymbols} found is no word. */
  static boolean isSymbol(String found) {
    return switch (Character.getType(found.codePointAt(0))) {
      case Character.MATH_SYMBOL,
          Character.CURRENCY_SYMBOL,
          Character.MODIFIER_SYMBOL,
          Character.OTHER_SYMBOL,
          Character.OTHER_PUNCTUATION ->
          true;
      default -> false;
    };
  }

  /** How many words the text has, one that touches its end included. */
  static long count(String text) {
    return WORD.in(PlainText.of(text)).results().count();
  }

  /** Whether what ends there may be another word once the text goes on. */
  private static boolean touchesEnd(String text, int end) {
    return end == text.length()
        || (end == text.length() - 1
            && ("'+#".indexOf(text.charAt(end)) >= 0
                || (".,".indexOf(text.charAt(end)) >= 0
                    && Character.isDigit(text.codePointBefore(end)))));
  }

  private static String withoutPossessive(String word) {
    int apostrophe = word.length() - 2;
    boolean possessive =
        apostrophe > 0
            && word.charAt(apostrophe) == '\''
            && "sS".indexOf(word.charAt(apostrophe + 1)) >= 0;
    return possessive ? word.substring(0, apostrophe) : word;
  }
}
