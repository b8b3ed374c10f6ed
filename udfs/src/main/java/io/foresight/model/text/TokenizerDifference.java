package io.foresight.model.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What tells the tokenizers of two models apart, by what they do and not by how their files are
 * written: the ids' tokens, the merges, and the steps around the model. Version, padding,
 * truncation and what only concerns offsets do not count.
 */
public final class TokenizerDifference {

  private static final int SHOWN = 60;

  /** Tokens that are named, of those that differ. */
  private static final int NAMED = 3;

  /** Fields that have no influence on ids or texts, where they stand. */
  private static final List<String> WITHOUT_INFLUENCE = List.of("trim_offsets", "str_rep");

  private TokenizerDifference() {}

  /**
   * The first difference of a draft's tokenizer from its target's, or the first tokens that differ,
   * as a clause; empty if there is none.
   *
   * @param target folder with the target's {@code tokenizer.json}
   * @param draft folder with the draft's
   * @throws IOException if a file cannot be read
   */
  public static Optional<String> find(Path target, Path draft) throws IOException {
    JsonNode ours = json(target);
    JsonNode theirs = json(draft);
    Optional<String> difference = values("the model's type", type(ours), type(theirs));
    if (difference.isEmpty()) {
      difference = tokens(ours, theirs);
    }
    if (difference.isEmpty()) {
      difference = added(ours, theirs);
    }
    if (difference.isEmpty()) {
      difference = merges(ours, theirs);
    }
    for (String part : List.of("normalizer", "pre_tokenizer", "post_processor", "decoder")) {
      if (difference.isEmpty()) {
        difference =
            values(
                part,
                simplified(ours.path(part), part, false),
                simplified(theirs.path(part), part, false));
      }
    }
    return difference.isPresent() ? difference : values("model", model(ours), model(theirs));
  }

  /**
   * Checks that a draft's tokenizer is its target's.
   *
   * @param target folder with the target's {@code tokenizer.json}
   * @param draft folder with the draft's
   * @throws ModelException with the first difference, or if a file cannot be read
   */
  public static void requireNone(Path target, Path draft) {
    Optional<String> difference;
    try {
      difference = find(target, draft);
    } catch (IOException e) {
      throw new ModelException(
          "Cannot compare the tokenizers of %s and %s: %s. Check that both files are readable."
              .formatted(target, draft, e),
          e);
    }
    if (difference.isPresent()) {
      throw new ModelException(
          "Cannot draft with %s: its tokenizer is not the target's: %s. Use a draft with the target's tokenizer."
              .formatted(draft, difference.get()));
    }
  }

  private static JsonNode json(Path folder) throws IOException {
    return new ObjectMapper().readTree(folder.resolve("tokenizer.json").toFile());
  }

  /** Older files do not name BPE. */
  private static JsonNode type(JsonNode json) {
    JsonNode model = json.path("model");
    return model.has("type")
        ? model.path("type")
        : new ObjectMapper().getNodeFactory().textNode(model.has("merges") ? "BPE" : "");
  }

  private static Optional<String> tokens(JsonNode ours, JsonNode theirs) {
    Map<Integer, String> a = TokenPieces.allTokens(ours);
    Map<Integer, String> b = TokenPieces.allTokens(theirs);
    TreeSet<Integer> ids = new TreeSet<>(a.keySet());
    ids.addAll(b.keySet());
    List<Integer> differing =
        ids.stream().filter(id -> !Objects.equals(a.get(id), b.get(id))).toList();
    if (differing.isEmpty()) {
      return Optional.empty();
    }
    String named =
        differing.stream()
            .limit(NAMED)
            .map(id -> difference(id, a.get(id), b.get(id)))
            .collect(Collectors.joining("; "));
    int more = differing.size() - NAMED;
    return Optional.of(more > 0 ? "%s; and %,d more".formatted(named, more) : named);
  }

  private static String difference(int id, String target, String draft) {
    if (target == null) {
      return "the draft has a token %s (id %d) that the target lacks".formatted(quoted(draft), id);
    }
    if (draft == null) {
      return "the target has a token %s (id %d) that the draft lacks".formatted(quoted(target), id);
    }
    return "id %d is %s for the target and %s for the draft"
        .formatted(id, quoted(target), quoted(draft));
  }

  /** Tokens that texts are split at, and how. */
  private static Optional<String> added(JsonNode ours, JsonNode theirs) {
    Map<String, JsonNode> a = addedTokens(ours);
    Map<String, JsonNode> b = addedTokens(theirs);
    for (String content : new TreeSet<>(a.keySet())) {
      if (!b.containsKey(content)) {
        return Optional.of("%s is an added token of the target only".formatted(quoted(content)));
      }
      for (String flag : List.of("special", "single_word", "lstrip", "rstrip", "normalized")) {
        boolean x = a.get(content).path(flag).asBoolean();
        if (x != b.get(content).path(flag).asBoolean()) {
          return Optional.of(
              "the added token %s is %s for the %s only"
                  .formatted(quoted(content), flag, x ? "target" : "draft"));
        }
      }
    }
    return b.keySet().stream()
        .filter(content -> !a.containsKey(content))
        .findFirst()
        .map(content -> "%s is an added token of the draft only".formatted(quoted(content)));
  }

  private static Map<String, JsonNode> addedTokens(JsonNode json) {
    Map<String, JsonNode> added = new TreeMap<>();
    json.path("added_tokens").forEach(token -> added.put(token.path("content").asText(), token));
    return added;
  }

  private static Optional<String> merges(JsonNode ours, JsonNode theirs) {
    JsonNode a = ours.path("model").path("merges");
    JsonNode b = theirs.path("model").path("merges");
    for (int i = 0; i < Math.max(a.size(), b.size()); i++) {
      String x = merge(a.path(i));
      String y = merge(b.path(i));
      if (!x.equals(y)) {
        return Optional.of(
            i >= a.size() || i >= b.size()
                ? "the target has %d merges and the draft %d".formatted(a.size(), b.size())
                : "merge %d is %s for the target and %s for the draft"
                    .formatted(i, quoted(x), quoted(y)));
      }
    }
    return Optional.empty();
  }

  /** A pair as newer files have it, or the text with a space between that older ones have. */
  private static String merge(JsonNode merge) {
    return merge.isArray() ? merge.path(0).asText() + " " + merge.path(1).asText() : merge.asText();
  }

  /** What else the model has. */
  private static JsonNode model(JsonNode json) {
    ObjectNode model = new ObjectMapper().createObjectNode();
    json.path("model")
        .fields()
        .forEachRemaining(
            field -> {
              boolean compared =
                  List.of("type", "merges", "dropout").contains(field.getKey())
                      || (field.getKey().equals("vocab") && field.getValue().isObject());
              if (!compared) {
                model.set(field.getKey(), field.getValue());
              }
            });
    return simplified(model, "model", true);
  }

  /** A step without what is not said or has no influence. */
  private static JsonNode simplified(JsonNode node, String part, boolean withoutFalse) {
    if (!node.isObject()) {
      if (!node.isArray()) {
        return node;
      }
      var array = new ObjectMapper().createArrayNode();
      node.forEach(element -> array.add(simplified(element, part, withoutFalse)));
      return array;
    }
    String type = node.path("type").asText();
    ObjectNode kept = new ObjectMapper().createObjectNode();
    Iterator<Map.Entry<String, JsonNode>> fields = node.fields();
    while (fields.hasNext()) {
      Map.Entry<String, JsonNode> field = fields.next();
      String name = field.getKey();
      JsonNode value = field.getValue();
      boolean unsaid =
          value.isNull()
              || (value.isTextual() && value.asText().isEmpty() && withoutFalse)
              || (withoutFalse && value.isBoolean() && !value.asBoolean());
      boolean idle =
          WITHOUT_INFLUENCE.contains(name)
              || (type.equals("ByteLevel") && !part.equals("pre_tokenizer") && !name.equals("type"))
              || (type.equals("Metaspace") && name.equals("add_prefix_space"));
      if (!unsaid && !idle) {
        kept.set(name, simplified(value, part, withoutFalse));
      }
    }
    if (type.equals("ByteLevel") && part.equals("pre_tokenizer") && !kept.has("use_regex")) {
      kept.put("use_regex", true);
    }
    if (type.equals("Metaspace")) {
      if (!kept.has("prepend_scheme")) {
        kept.put("prepend_scheme", TokenPieces.scheme(node));
      }
      if (!kept.has("split")) {
        kept.put("split", true);
      }
    }
    return kept;
  }

  /** The first place at which two values differ. */
  private static Optional<String> values(String path, JsonNode a, JsonNode b) {
    if (a.equals(b) || (absent(a) && absent(b))) {
      return Optional.empty();
    }
    if (a.isObject() && b.isObject()) {
      TreeSet<String> names = new TreeSet<>();
      a.fieldNames().forEachRemaining(names::add);
      b.fieldNames().forEachRemaining(names::add);
      // The type first, since other fields follow from it.
      Optional<String> difference = values(path + ".type", a.path("type"), b.path("type"));
      for (String name : names) {
        if (difference.isEmpty()) {
          difference = values(path + "." + name, a.path(name), b.path(name));
        }
      }
      return difference;
    }
    if (a.isArray() && b.isArray() && a.size() == b.size()) {
      for (int i = 0; i < a.size(); i++) {
        Optional<String> difference = values(path + "[" + i + "]", a.get(i), b.get(i));
        if (difference.isPresent()) {
          return difference;
        }
      }
      return Optional.empty();
    }
    return Optional.of(
        "%s is %s for the target and %s for the draft".formatted(path, shown(a), shown(b)));
  }

  private static boolean absent(JsonNode node) {
    return node.isNull() || node.isMissingNode();
  }

  private static String shown(JsonNode node) {
    if (absent(node)) {
      return "nothing";
    }
    String text = node.toString();
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }
}
