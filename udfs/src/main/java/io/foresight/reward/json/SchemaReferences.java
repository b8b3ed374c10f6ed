package io.foresight.reward.json;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.networknt.schema.SchemaId;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A schema document's references, which stay in the document and lead in no circle. Only what
 * stands where a schema may stand is looked at, not data such as that of {@code const}. Thread-safe
 * once made.
 */
final class SchemaReferences {

  /**
   * Most subschemas that may apply to one place of a value where each reference is followed anew,
   * which multiplies them.
   */
  private static final int MOST_AT_A_PLACE = 2000;

  /** Most references that lead to one another. */
  private static final int LONGEST_CHAIN = 1000;

  /** Keywords by which what a subschema says depends on how it was come to. */
  private static final List<String> CONTEXTUAL =
      List.of("$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties");

  // Lists, since a set's order is another one in every process, and a schema is read in one order.
  private static final List<String> REFERENCES = List.of("$ref", "$dynamicRef", "$recursiveRef");

  /** Keywords with subschemas for the same place of a value. */
  private static final List<String> IN_PLACE =
      List.of(
          "allOf",
          "anyOf",
          "oneOf",
          "not",
          "if",
          "then",
          "else",
          "dependentSchemas",
          "dependencies");

  /** Keywords with subschemas for places below it, or for none. */
  static final List<String> BELOW =
      List.of(
          "$defs",
          "definitions",
          "properties",
          "patternProperties",
          "additionalProperties",
          "unevaluatedProperties",
          "propertyNames",
          "prefixItems",
          "items",
          "additionalItems",
          "unevaluatedItems",
          "contains",
          "contentSchema");

  /** Keywords whose members are named by the schema's author, each a subschema. */
  private static final Set<String> NAMED =
      Set.of(
          "$defs",
          "definitions",
          "properties",
          "patternProperties",
          "dependentSchemas",
          "dependencies");

  private static final Set<String> DRAFTS =
      Set.of(SchemaId.V4, SchemaId.V6, SchemaId.V7, SchemaId.V201909, SchemaId.V202012);

  /** By the subschema in which they count. */
  private final IdentityHashMap<JsonNode, Map<String, JsonNode>> anchors = new IdentityHashMap<>();

  /** Every subschema, and that from whose root its references start. */
  private final IdentityHashMap<JsonNode, JsonNode> resources = new IdentityHashMap<>();

  /** The same subschemas, from the root on. */
  private final List<JsonNode> order = new ArrayList<>();

  private final boolean refStandsAlone;

  private final boolean contextFree;

  /**
   * Follows a schema's references.
   *
   * @param refStandsAlone whether what stands beside {@code $ref} does not count, as up to draft 7
   * @throws IllegalArgumentException if some lead elsewhere, or round in a circle, or too much
   *     applies to one place; the message is a reason and what to do
   */
  SchemaReferences(JsonNode root, boolean refStandsAlone) {
    this.refStandsAlone = refStandsAlone;
    Deque<JsonNode> referring = new ArrayDeque<>();
    walk(root, root, referring);
    while (!referring.isEmpty()) {
      JsonNode schema = referring.pop();
      for (JsonNode target : targets(schema)) {
        // One that stands under a keyword that is not known.
        walk(target, resources.get(schema), referring);
      }
    }
    contextFree = order.stream().noneMatch(schema -> CONTEXTUAL.stream().anyMatch(schema::has));
    IdentityHashMap<JsonNode, Integer> known = new IdentityHashMap<>();
    order.forEach(schema -> applying(schema, 0, known));
  }

  private void walk(JsonNode schema, JsonNode resource, Deque<JsonNode> referring) {
    if (!schema.isObject() || resources.containsKey(schema)) {
      return;
    }
    String id = schema.path("$id").asText();
    JsonNode from = id.isEmpty() || id.startsWith("#") ? resource : schema;
    resources.put(schema, from);
    order.add(schema);
    for (String name :
        new String[] {
          schema.path("$anchor").asText(),
          schema.path("$dynamicAnchor").asText(),
          id.startsWith("#") ? id.substring(1) : ""
        }) {
      anchors.computeIfAbsent(from, of -> new HashMap<>()).putIfAbsent(name, schema);
    }
    requireAlone(schema);
    if (REFERENCES.stream().anyMatch(schema::has)) {
      referring.push(schema);
    }
    for (List<String> keywords : List.of(IN_PLACE, BELOW)) {
      subschemas(schema, keywords).forEach(below -> walk(below, from, referring));
    }
  }

  private static void requireAlone(JsonNode schema) {
    for (String keyword : REFERENCES) {
      JsonNode reference = schema.path(keyword);
      if (reference.isTextual() && !reference.textValue().startsWith("#")) {
        throw new IllegalArgumentException(
            "it refers to \"%s\"; nothing is fetched. Put that under $defs, and refer to it by #/$defs/..."
                .formatted(reference.textValue()));
      }
    }
    JsonNode draft = schema.path("$schema");
    if (draft.isTextual()
        && !DRAFTS.contains(draft.textValue())
        && !DRAFTS.contains(draft.textValue() + "#")
        && !DRAFTS.contains(draft.textValue().replaceFirst("#$", ""))) {
      throw new IllegalArgumentException(
          "its $schema is %s; nothing is fetched. Give one of %s."
              .formatted(draft.textValue(), new TreeSet<>(DRAFTS)));
    }
  }

  private Collection<JsonNode> subschemas(JsonNode schema, List<String> keywords) {
    return refStandsAlone && keywords.equals(IN_PLACE) && schema.has("$ref")
        ? List.of()
        : subschemasOf(schema, keywords).values();
  }

  /** All that stand in a schema's keywords, by their places in it (JSON pointers). */
  static Map<String, JsonNode> subschemas(JsonNode schema) {
    Map<String, JsonNode> all = subschemasOf(schema, IN_PLACE);
    all.putAll(subschemasOf(schema, BELOW));
    return all;
  }

  private static Map<String, JsonNode> subschemasOf(JsonNode schema, List<String> keywords) {
    Map<String, JsonNode> all = new LinkedHashMap<>();
    for (String keyword : keywords) {
      JsonNode value = schema.path(keyword);
      if (value.isArray()) {
        for (int i = 0; i < value.size(); i++) {
          all.put("/" + keyword + "/" + i, value.get(i));
        }
      } else if (NAMED.contains(keyword)) {
        value
            .fields()
            .forEachRemaining(
                named -> all.put("/" + keyword + "/" + escaped(named.getKey()), named.getValue()));
      } else if (!value.isMissingNode()) {
        all.put("/" + keyword, value);
      }
    }
    return all;
  }

  private static String escaped(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }

  /** What a subschema refers to, as far as there is such. */
  private List<JsonNode> targets(JsonNode schema) {
    List<JsonNode> targets = new ArrayList<>();
    for (String keyword : REFERENCES) {
      if (schema.path(keyword).isTextual()) {
        targets.add(target(resources.get(schema), schema.path(keyword).textValue()));
      }
    }
    return targets;
  }

  private JsonNode target(JsonNode resource, String reference) {
    String fragment = reference.substring(1);
    try {
      fragment = URI.create(reference).getFragment();
    } catch (IllegalArgumentException e) {
      // Not escaped, as many write it.
    }
    if (fragment.isEmpty() || fragment.startsWith("/")) {
      return resource.at(JsonPointer.compile(fragment));
    }
    return anchors
        .getOrDefault(resource, Map.of())
        .getOrDefault(fragment, MissingNode.getInstance());
  }

  /** Whether what a subschema says of a place does not depend on how it was come to. */
  boolean contextFree() {
    return contextFree;
  }

  /** The keywords without which that is so, for messages. */
  static String contextual() {
    return String.join(", ", CONTEXTUAL);
  }

  /** The subschema that one refers to by {@code $ref}; missing if it does not. */
  JsonNode referred(JsonNode schema) {
    return resources.containsKey(schema) && schema.path("$ref").isTextual()
        ? target(resources.get(schema), schema.path("$ref").textValue())
        : MissingNode.getInstance();
  }

  /**
   * How many subschemas may apply where one does, itself included; 1 if each reference is followed
   * once.
   */
  private int applying(JsonNode schema, int depth, IdentityHashMap<JsonNode, Integer> known) {
    if (!schema.isObject()) {
      return 1;
    }
    Integer before = known.get(schema);
    if (before != null && before == 0) {
      throw new IllegalArgumentException("it refers to itself without end. Correct it.");
    }
    if (before != null) {
      return before;
    }
    known.put(schema, 0);
    int sum = 1;
    List<JsonNode> together = new ArrayList<>(subschemas(schema, IN_PLACE));
    if (resources.containsKey(schema)) {
      together.addAll(targets(schema));
    }
    for (JsonNode next : together) {
      if (depth == LONGEST_CHAIN) {
        throw new IllegalArgumentException(
            "more than %d references lead to one another. Simplify it.".formatted(LONGEST_CHAIN));
      }
      int further = applying(next, depth + 1, known);
      sum += contextFree ? 0 : further;
      if (sum > MOST_AT_A_PLACE) {
        throw new IllegalArgumentException(
            "more than %d subschemas apply to one place of a value, since references multiply them. Simplify it, or do without %s."
                .formatted(MOST_AT_A_PLACE, contextual()));
      }
    }
    known.put(schema, sum);
    return sum;
  }
}
