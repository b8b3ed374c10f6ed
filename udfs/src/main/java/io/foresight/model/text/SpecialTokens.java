package io.foresight.model.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * The tokens of a tokenizer that steer a model, and where texts spell them: those that {@code
 * tokenizer.json} marks as special, and added ones that the chat template writes. Other added
 * tokens, such as runs of blanks, are plain text. Immutable and thread-safe.
 */
final class SpecialTokens {

  /**
   * One of them.
   *
   * @param secret its spelling where only what is written in a prompt can spell it; see {@link
   *     #renamed}
   */
  private record Token(String spelling, int id, String secret) {}

  private final List<Token> tokens;

  /** By the character that they begin with, the longest first. */
  private final Map<Character, List<Token>> byStart = new HashMap<>();

  /** Ids, without that of unknown characters, which any text may have. */
  private final BitSet ids = new BitSet();

  private SpecialTokens(List<Token> tokens, JsonNode model) {
    String unknown = model.path("unk_token").asText();
    int unknownId = model.path("unk_id").asInt(-1);
    this.tokens = List.copyOf(tokens);
    List<Token> longestFirst = new ArrayList<>(tokens);
    longestFirst.sort(
        Comparator.comparingInt((Token token) -> token.spelling().length()).reversed());
    for (Token token : longestFirst) {
      byStart.computeIfAbsent(token.spelling().charAt(0), c -> new ArrayList<>()).add(token);
      if (!token.spelling().equals(unknown) && token.id() != unknownId) {
        ids.set(token.id());
      }
    }
  }

  /**
   * Finds them.
   *
   * @param json {@code tokenizer.json}
   * @param chatTemplate empty if there is none
   */
  static SpecialTokens of(JsonNode json, String chatTemplate) {
    // Nobody can guess it, and so no data can spell a token by it.
    String nonce = UUID.randomUUID().toString();
    List<Token> tokens = new ArrayList<>();
    for (JsonNode added : json.path("added_tokens")) {
      String spelling = added.path("content").asText();
      if (!spelling.isEmpty()
          && (added.path("special").asBoolean()
              || (!spelling.isBlank() && chatTemplate.contains(spelling)))) {
        int id = added.path("id").asInt();
        int first = Character.charCount(spelling.codePointAt(0));
        // Begins and ends as before, so that what stands beside it is split as before.
        tokens.add(
            new Token(
                spelling,
                id,
                spelling.substring(0, first) + nonce + "-" + id + spelling.substring(first)));
      }
    }
    return new SpecialTokens(tokens, json.path("model"));
  }

  /** How many of some ids are such tokens' own. */
  long count(int[] some) {
    long count = 0;
    for (int id : some) {
      count += ids.get(id) ? 1 : 0;
    }
    return count;
  }

  /** Whether data spells such a token, alone or with what is written beside it. */
  boolean inData(PromptText prompt) {
    return !places(prompt).isEmpty();
  }

  /** Of each spelling that holds data, the first character of data. */
  private BitSet places(PromptText prompt) {
    BitSet places = new BitSet();
    String text = prompt.text();
    for (int i = 0; prompt.hasData() && i < text.length(); i++) {
      for (Token token : byStart.getOrDefault(text.charAt(i), List.of())) {
        int first = prompt.firstData(i, i + token.spelling().length());
        if (first >= 0 && text.startsWith(token.spelling(), i)) {
          places.set(first);
        }
      }
    }
    return places;
  }

  /**
   * A turn of a chat with a mark before characters of data that must be part of no special token;
   * the turn as it is if there are none. Blanks at its ends stay there, since templates strip them.
   */
  String marked(PromptText turn, char mark) {
    String text = turn.text();
    BitSet places = places(turn);
    int from = 0;
    int to = text.length();
    while (from < to && Character.isWhitespace(text.charAt(from))) {
      from++;
    }
    while (from < to && Character.isWhitespace(text.charAt(to - 1))) {
      to--;
    }
    if (from < to && turn.isData(from) && mayEndAToken(text, from, to)) {
      places.set(from);
    }
    if (from < to && turn.isData(to - 1) && mayBeginAToken(text, from, to)) {
      places.set(to - 1);
    }
    StringBuilder marked = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      if (places.get(i)) {
        marked.append(mark);
      }
      marked.append(text.charAt(i));
    }
    return marked.toString();
  }

  private boolean mayEndAToken(String text, int from, int to) {
    for (Token token : tokens) {
      String spelling = token.spelling();
      for (int k = 1; k < spelling.length(); k++) {
        if (spelling.regionMatches(k, text, from, Math.min(spelling.length() - k, to - from))) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean mayBeginAToken(String text, int from, int to) {
    for (Token token : tokens) {
      String spelling = token.spelling();
      for (int k = 1; k < spelling.length(); k++) {
        int length = Math.min(k, to - from);
        if (spelling.regionMatches(k - length, text, to - length, length)) {
          return true;
        }
      }
    }
    return false;
  }

  /** A text that had marks: what follows one is data, and the rest is written. */
  static PromptText unmarked(String marked, char mark) {
    PromptText.Builder text = PromptText.builder();
    for (int i = 0; i < marked.length(); i++) {
      if (marked.charAt(i) != mark) {
        text.written(marked.substring(i, i + 1));
      } else if (i + 1 < marked.length() && marked.charAt(i + 1) != mark) {
        i++;
        text.data(marked.substring(i, i + 1));
      }
    }
    return text.build();
  }

  /** A prompt as the {@link #renamed} tokenizer reads it. */
  String secret(PromptText prompt) {
    String text = prompt.text();
    StringBuilder secret = new StringBuilder();
    for (int i = 0; i < text.length(); ) {
      Token found = written(prompt, i);
      secret.append(found == null ? text.substring(i, i + 1) : found.secret());
      i += found == null ? 1 : found.spelling().length();
    }
    return secret.toString();
  }

  private Token written(PromptText prompt, int at) {
    for (Token token : byStart.getOrDefault(prompt.text().charAt(at), List.of())) {
      if (prompt.text().startsWith(token.spelling(), at)
          && prompt.firstData(at, at + token.spelling().length()) < 0) {
        return token;
      }
    }
    return null;
  }

  /**
   * Renames these tokens in a {@code tokenizer.json}: with the same ids, spelled as nobody can
   * guess. So whatever text is encoded with it, in whatever context, becomes none of them, and is
   * split as it would be if they were not there.
   */
  void renamed(ObjectNode json) {
    Map<String, String> names = new HashMap<>();
    tokens.forEach(token -> names.put(token.spelling(), token.secret()));
    for (JsonNode added : json.path("added_tokens")) {
      String name = names.get(added.path("content").asText());
      if (name != null) {
        ((ObjectNode) added)
            .put("content", name)
            .put("normalized", false)
            .put("single_word", false);
      }
    }
    ObjectNode model = (ObjectNode) json.path("model");
    String unknown = names.get(model.path("unk_token").asText());
    if (unknown != null) {
      model.put("unk_token", unknown);
    }
    if (model.path("vocab") instanceof ObjectNode vocabulary) {
      names.forEach(
          (spelling, name) -> {
            JsonNode id = vocabulary.remove(spelling);
            if (id != null) {
              vocabulary.set(name, id);
            }
          });
    } else if (model.path("vocab") instanceof ArrayNode pieces) {
      for (JsonNode piece : pieces) {
        String name = names.get(piece.path(0).asText());
        if (name != null) {
          ((ArrayNode) piece).set(0, name);
        }
      }
    }
    if (model.path("merges") instanceof ArrayNode merges) {
      model.set("merges", withoutThese(merges, names));
    }
  }

  /** Merges that lead to none of these tokens; they are pairs, or texts with a blank in between. */
  private static ArrayNode withoutThese(ArrayNode merges, Map<String, String> names) {
    Set<String> these = new HashSet<>(names.keySet());
    ArrayNode others = merges.arrayNode();
    for (JsonNode merge : merges) {
      String[] pair =
          merge.isTextual()
              ? merge.asText().split(" ", 2)
              : new String[] {merge.path(0).asText(), merge.path(1).asText()};
      if (!these.contains(pair[0])
          && !these.contains(pair[1])
          && !these.contains(pair[0] + pair[1])) {
        others.add(merge);
      }
    }
    return others;
  }
}
