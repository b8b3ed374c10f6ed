package io.foresight.jobs.train;

import java.text.Normalizer;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes short plain ASCII texts of what people write in chats and comments. */
final class PlainText {

  private static final Pattern LINK = Pattern.compile("https?:|www\\.|</\\w|\\]\\(");
  private static final Pattern MENTION = Pattern.compile("(?:\\bRT )?@\\w+:?|&#\\d+;");
  private static final Pattern OTHER = Pattern.compile("[^ -~]|[#*_~^`|<>\\[\\]{}=\\\\@]");
  private static final Pattern SENTENCE_END = Pattern.compile("(?<=[a-z\"')])[.!?]+[\"')]*(?= )");

  /** At most one in so many characters may be none of plain text. */
  private static final int OTHER_SHARE = 20;

  /** A longer word is a name of something technical, or a slip. */
  private static final int MAX_WORD_LENGTH = 24;

  private PlainText() {}

  /**
   * Typographic characters become ASCII, mentions and other signs go, white space becomes one
   * blank, and a text of too many words ends with its last sentence that fits.
   *
   * @return empty for a text with links or markup, without letters, or whose first sentence is too
   *     long
   */
  static Optional<String> clean(String raw, int maxWords) {
    if (LINK.matcher(raw).find()) {
      return Optional.empty();
    }
    // Compatibility forms split an ellipsis into stops and an accent from its letter.
    String text =
        Normalizer.normalize(raw, Normalizer.Form.NFKD)
            .replaceAll("\\p{M}", "")
            .replaceAll("[\u2018\u2019]", "'")
            .replaceAll("[\u201c\u201d]", "\"")
            .replaceAll("[\u2013\u2014]", "-")
            .replace("&amp;", "&")
            .replaceAll("\\s+", " ");
    text = MENTION.matcher(text).replaceAll(" ");
    long others = OTHER.matcher(text).results().count();
    if (others * OTHER_SHARE > text.length()) {
      return Optional.empty();
    }
    text =
        OTHER
            .matcher(text)
            .replaceAll(" ")
            .replaceAll("\\s+", " ")
            .replaceAll(" ([,.;:!?])", "$1")
            .replaceAll("([!?,])\\1+", "$1")
            .replaceAll("\\.{4,}", "...")
            .replaceAll("^[^A-Za-z0-9\"'(]+", "")
            .strip();
    if (text.chars().filter(c -> c == '"').count() % 2 != 0) {
      text = text.replace("\"", "").strip();
    }
    text = cut(text, maxWords);
    boolean plain = text.chars().anyMatch(Character::isLetter);
    for (String word : text.split(" ")) {
      plain &= word.length() <= MAX_WORD_LENGTH;
    }
    return plain ? Optional.of(text) : Optional.empty();
  }

  /** The text's first sentences that have at most so many words together; empty for none. */
  private static String cut(String text, int maxWords) {
    String[] words = text.split(" ");
    if (words.length <= maxWords) {
      return text;
    }
    Matcher end = SENTENCE_END.matcher(text);
    String kept = "";
    while (end.find() && text.substring(0, end.end()).split(" ").length <= maxWords) {
      kept = text.substring(0, end.end());
    }
    return kept;
  }

  /** The text with a capital at its start and a stop at its end. */
  static String sentence(String text) {
    String stopped = text.matches(".*[.!?][\"')]*") ? text : text + ".";
    return Character.toUpperCase(stopped.charAt(0)) + stopped.substring(1);
  }
}
