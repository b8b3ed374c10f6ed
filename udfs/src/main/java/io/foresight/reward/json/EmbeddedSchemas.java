package io.foresight.reward.json;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The resources that a schema document embeds by {@code $id}. References to them become references
 * to places of the document, so that whatever reads it need not know of any URI. Of one use.
 */
final class EmbeddedSchemas {

  /** What a relative {@code $id} or reference is relative to where nothing else is said. */
  private static final URI DOCUMENT = URI.create("document:///");

  /** References whose target depends on the resources that were passed through. */
  private static final List<String> DYNAMIC = List.of("$dynamicRef", "$recursiveRef");

  /** A resource: its URI, its place in the document, and places by the names of anchors. */
  private record Resource(URI uri, String pointer, Map<String, String> anchors) {}

  private final JsonNode root;
  private final boolean refStandsAlone;
  private final String idKeyword;
  private final Map<URI, Resource> resources = new HashMap<>();

  /** Every subschema by its place, and the resource that it is of. */
  private final Map<String, Resource> places = new HashMap<>();

  /** The same places, from the root on. */
  private final List<String> order = new ArrayList<>();

  private EmbeddedSchemas(JsonNode root, boolean refStandsAlone, String idKeyword) {
    this.root = root;
    this.refStandsAlone = refStandsAlone;
    this.idKeyword = idKeyword;
  }

  /**
   * The same schema without references to embedded resources by their URIs; the document itself if
   * it has none. References to what it does not hold stay.
   *
   * @param refStandsAlone whether what stands beside {@code $ref} does not count, as up to draft 7
   * @param idKeyword {@code $id}, or {@code id} as in draft 4
   * @throws IllegalArgumentException if it has such references beside dynamic ones
   */
  static JsonNode resolved(JsonNode root, boolean refStandsAlone, String idKeyword) {
    EmbeddedSchemas embedded = new EmbeddedSchemas(root, refStandsAlone, idKeyword);
    embedded.walk(root, "", new Resource(DOCUMENT, "", new HashMap<>()));
    embedded.follow();
    return embedded.resolved();
  }

  private void walk(JsonNode schema, String pointer, Resource outer) {
    if (!schema.isObject() || places.containsKey(pointer)) {
      return;
    }
    Resource resource = outer;
    String[] id = id(schema).split("#", 2);
    if (!id[0].isEmpty()) {
      Optional<URI> uri = resolve(outer.uri(), id[0]);
      if (uri.isPresent()) {
        resource = new Resource(uri.get(), pointer, new HashMap<>());
        resources.putIfAbsent(uri.get(), resource);
      }
    }
    String named = id.length > 1 ? id[1] : "";
    for (String anchor :
        List.of(named, schema.path("$anchor").asText(), schema.path("$dynamicAnchor").asText())) {
      resource.anchors().putIfAbsent(anchor, pointer);
    }
    places.put(pointer, resource);
    order.add(pointer);
    for (Map.Entry<String, JsonNode> below : SchemaReferences.subschemas(schema).entrySet()) {
      walk(below.getValue(), pointer + below.getKey(), resource);
    }
  }

  /** Walks through what stands under keywords that are not known and is referred to. */
  private void follow() {
    for (int i = 0; i < order.size(); i++) {
      String pointer = order.get(i);
      JsonNode reference = root.at(pointer).path("$ref");
      if (reference.isTextual()) {
        target(places.get(pointer), reference.textValue())
            .ifPresent(target -> walk(root.at(target), target, around(target)));
      }
    }
  }

  /** The resource in which a place is. */
  private Resource around(String pointer) {
    String at = pointer;
    while (!places.containsKey(at)) {
      at = at.substring(0, at.lastIndexOf('/'));
    }
    return places.get(at);
  }

  private String id(JsonNode schema) {
    JsonNode id = schema.path(idKeyword);
    return id.isTextual() && !(refStandsAlone && schema.has("$ref")) ? id.textValue() : "";
  }

  private JsonNode resolved() {
    if (places.entrySet().stream().noneMatch(place -> crosses(place.getKey(), place.getValue()))) {
      return root;
    }
    for (String pointer : order) {
      for (String keyword : DYNAMIC) {
        if (root.at(pointer).has(keyword)) {
          throw new IllegalArgumentException(
              "it refers to what it embeds by %s, and has %s, which are not supported together. Refer to what it embeds by #/..."
                  .formatted(idKeyword, keyword));
        }
      }
    }
    JsonNode copy = root.deepCopy();
    places.forEach(
        (pointer, resource) -> {
          ObjectNode schema = (ObjectNode) copy.at(pointer);
          if (schema.path("$ref").isTextual()) {
            target(resource, schema.get("$ref").textValue())
                .ifPresent(target -> schema.put("$ref", fragment(target)));
          }
          // Without them the document is one resource, and its places are what they were.
          schema.remove(List.of("$anchor", "$dynamicAnchor"));
          if (!pointer.isEmpty() && schema.path(idKeyword).isTextual()) {
            schema.remove(idKeyword);
          }
        });
    return copy;
  }

  /** Whether a subschema refers to a resource that the document holds by its URI. */
  private boolean crosses(String pointer, Resource resource) {
    JsonNode reference = root.at(pointer).path("$ref");
    return reference.isTextual()
        && !reference.textValue().startsWith("#")
        && target(resource, reference.textValue()).isPresent();
  }

  /** The place in the document that a reference leads to, if there is such. */
  private Optional<String> target(Resource from, String reference) {
    String[] parts = reference.split("#", 2);
    Resource resource =
        parts[0].isEmpty() ? from : resolve(from.uri(), parts[0]).map(resources::get).orElse(null);
    if (resource == null) {
      return Optional.empty();
    }
    String fragment = parts.length > 1 ? decoded(parts[1]) : "";
    if (fragment.startsWith("/")) {
      String pointer = resource.pointer() + fragment;
      return Optional.of(pointer).filter(at -> !root.at(JsonPointer.compile(at)).isMissingNode());
    }
    return fragment.isEmpty()
        ? Optional.of(resource.pointer())
        : Optional.ofNullable(resource.anchors().get(fragment));
  }

  /** A URI reference by its base; nothing if it is none. */
  private static Optional<URI> resolve(URI base, String reference) {
    try {
      return Optional.of(base.resolve(new URI(reference)));
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static String decoded(String fragment) {
    try {
      return new URI("#" + fragment).getFragment();
    } catch (URISyntaxException e) {
      // Not escaped, as many write it.
      return fragment;
    }
  }

  private static String fragment(String pointer) {
    try {
      return pointer.isEmpty() ? "#" : "#" + new URI(null, null, pointer).getRawFragment();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("Any text can be escaped for a fragment.", e);
    }
  }
}
