package io.foresight.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.networknt.schema.JsonNodePath;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaException;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.SpecVersionDetector;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.ValidatorTypeCode;
import com.networknt.schema.resource.DisallowSchemaLoader;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A JSON schema that stands alone, and how much of it a value meets. Thread-safe. */
final class Schema {

  /**
   * Patterns are RE2/J's here too, so that none hangs over some text. What a reference leads to is
   * not kept: in a schema that refers to itself, that is a tree as deep as texts are.
   */
  private static final SchemaValidatorsConfig CONFIG =
      SchemaValidatorsConfig.builder()
          .cacheRefs(false)
          .regularExpressionFactory(
              regex -> {
                com.google.re2j.Pattern pattern = LinearPattern.compile(regex);
                return text -> pattern.matcher(text).find();
              })
          .build();

  private final JsonNode root;
  private final SchemaReferences references;
  private final JsonSchema schema;

  private Schema(JsonNode root, SchemaReferences references, JsonSchema schema) {
    this.root = root;
    this.references = references;
    this.schema = schema;
  }

  /**
   * Reads a schema; of the draft that its {@code $schema} names, else of draft 2020-12. Nothing is
   * fetched or read from files.
   *
   * @throws IllegalArgumentException if it is none, or refers to other ones; the message is a
   *     reason and what to do
   */
  static Schema of(String text) {
    JsonText json = JsonText.of(text, false);
    JsonNode root =
        json.value()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "it is no JSON, or nested deeper than %d, after character %d. Correct it."
                            .formatted(JsonText.DEEPEST, json.parsed())));
    SchemaReferences references = new SchemaReferences(root);
    VersionFlag draft =
        SpecVersionDetector.detectOptionalVersion(root, false).orElse(VersionFlag.V202012);
    try {
      Set<ValidationMessage> faults =
          JsonSchemaFactory.getInstance(draft)
              .getSchema(SchemaLocation.of(draft.getId()), CONFIG)
              .validate(root);
      if (!faults.isEmpty()) {
        throw new IllegalArgumentException(
            "it is no schema: %s. Correct it."
                .formatted(
                    faults.stream()
                        .map(ValidationMessage::getMessage)
                        .distinct()
                        .limit(3)
                        .collect(Collectors.joining("; "))));
      }
      // A factory of its own, since factories remember schemas by their $id.
      JsonSchema schema =
          JsonSchemaFactory.getInstance(
                  draft,
                  factory ->
                      factory.schemaLoaders(
                          loaders -> loaders.add(DisallowSchemaLoader.getInstance())))
              .getSchema(root, CONFIG);
      schema.initializeValidators();
      schema.validate(NullNode.getInstance());
      return new Schema(root, references, schema);
    } catch (JsonSchemaException e) {
      throw new IllegalArgumentException(
          "it cannot be used: %s Correct it.".formatted(reason(e)), e);
    } catch (StackOverflowError e) {
      throw new IllegalArgumentException("it refers to itself without end. Correct it.", e);
    }
  }

  private static String reason(JsonSchemaException e) {
    return e.getCause() instanceof IllegalArgumentException cause
        ? cause.getMessage()
        : e.getMessage() + ".";
  }

  /**
   * The share of the schema that a value meets; 1 only if it is valid. In [0, 1].
   *
   * @throws IllegalArgumentException if that takes too long to find out
   */
  double share(JsonNode value) {
    Set<ValidationMessage> messages = schema.validate(LimitedJson.of(value));
    if (messages.isEmpty()) {
      return 1;
    }
    Faults faults = new Faults();
    messages.forEach(faults::add);
    // A single fault among very many must not be rounded away.
    return Math.min(share(faults, root, value), 1 - 1e-9);
  }

  private double share(Faults faults, JsonNode declared, JsonNode value) {
    if (faults == null) {
      return 1;
    }
    if (faults.wrongType) {
      return 0;
    }
    JsonNode here = references.resolved(declared);
    double met = faults.own ? 0 : 1;
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        met += share(faults.below.get(i), here.path("items"), value.get(i));
      }
      return met / (1 + value.size());
    }
    Set<String> members = new LinkedHashSet<>(faults.missing);
    here.path("required").forEach(name -> members.add(name.asText()));
    here.path("properties")
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (value.has(name)) {
                members.add(name);
              }
            });
    faults.below.keySet().forEach(name -> members.add(name.toString()));
    for (String name : members) {
      if (value.has(name) && !faults.missing.contains(name)) {
        JsonNode property = here.path("properties").path(name);
        met +=
            share(
                faults.below.get(name),
                property.isMissingNode() ? here.path("additionalProperties") : property,
                value.get(name));
      }
    }
    return met / (1 + members.size());
  }

  /** What is wrong with a value, and with those below it by name or index. */
  private static final class Faults {

    private final Map<Object, Faults> below = new HashMap<>();
    private final Set<String> missing = new LinkedHashSet<>();
    private boolean wrongType;
    private boolean own;

    void add(ValidationMessage message) {
      Faults at = this;
      JsonNodePath path = message.getInstanceLocation();
      for (int i = 0; i < path.getNameCount(); i++) {
        at = at.below.computeIfAbsent(path.getElement(i), element -> new Faults());
      }
      if (is(message, ValidatorTypeCode.REQUIRED) && message.getProperty() != null) {
        at.missing.add(message.getProperty());
      } else {
        at.own = true;
        at.wrongType |=
            is(message, ValidatorTypeCode.TYPE) || is(message, ValidatorTypeCode.UNION_TYPE);
      }
    }

    private static boolean is(ValidationMessage message, ValidatorTypeCode type) {
      return type.getValue().equals(message.getType());
    }
  }
}
