package io.foresight.reward.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.networknt.schema.JsonMetaSchema;
import com.networknt.schema.JsonNodePath;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaException;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.JsonSchemaVersion;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.SpecVersionDetector;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.ValidatorTypeCode;
import com.networknt.schema.resource.DisallowSchemaLoader;
import io.foresight.decoding.RowFault;
import io.foresight.reward.text.LinearPattern;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A JSON schema that stands alone, and how much of it a value meets. Thread-safe. */
final class Schema {

  /** What a reference leads to is not kept: in a schema that refers to itself, that has no end. */
  private static final SchemaValidatorsConfig CONFIG = config().cacheRefs(false).build();

  /** References are often written without the escapes that a URI asks for. */
  private static final SchemaValidatorsConfig OF_SCHEMAS =
      config().formatAssertionsEnabled(false).build();

  /** Each draft, with references that are applied to each place of a value once. */
  private static final Map<VersionFlag, JsonMetaSchema> MEMOIZING =
      new EnumMap<>(VersionFlag.class);

  static {
    for (VersionFlag draft : VersionFlag.values()) {
      JsonSchemaVersion version = JsonSchemaFactory.checkVersion(draft);
      MEMOIZING.put(draft, MemoizingRef.in(version.getInstance()));
    }
  }

  private final JsonNode root;
  private final SchemaReferences references;
  private final JsonSchema schema;

  private Schema(JsonNode root, SchemaReferences references, JsonSchema schema) {
    this.root = root;
    this.references = references;
    this.schema = schema;
  }

  /** Patterns are RE2/J's here too, so that none hangs over some text. */
  private static SchemaValidatorsConfig.Builder config() {
    return SchemaValidatorsConfig.builder()
        .regularExpressionFactory(
            regex -> {
              com.google.re2j.Pattern pattern = LinearPattern.compile(regex);
              return text -> pattern.matcher(text).find();
            });
  }

  /**
   * Reads a schema; of the draft that its {@code $schema} names, else of draft 2020-12. Nothing is
   * fetched or read from files.
   *
   * @throws IllegalArgumentException if it is none, or refers to other ones; the message is a
   *     reason and what to do
   */
  static Schema of(String text) {
    JsonText json = JsonText.of(text);
    JsonNode document =
        json.value()
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "it is no JSON, or nested deeper than %d, after character %d. Correct it."
                            .formatted(JsonText.DEEPEST, json.parsed())));
    VersionFlag draft =
        SpecVersionDetector.detectOptionalVersion(document, false).orElse(VersionFlag.V202012);
    boolean refStandsAlone = draft.getVersionFlagValue() <= VersionFlag.V7.getVersionFlagValue();
    JsonNode root =
        EmbeddedSchemas.resolved(document, refStandsAlone, draft == VersionFlag.V4 ? "id" : "$id");
    SchemaReferences references = new SchemaReferences(root, refStandsAlone);
    try {
      Set<ValidationMessage> faults =
          JsonSchemaFactory.getInstance(draft)
              .getSchema(SchemaLocation.of(draft.getId()), OF_SCHEMAS)
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
                  factory -> {
                    factory.schemaLoaders(
                        loaders -> loaders.add(DisallowSchemaLoader.getInstance()));
                    if (references.contextFree()) {
                      factory.metaSchema(MEMOIZING.get(draft));
                    }
                  })
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
   * @throws RowFault if that takes too long to find out, or is nested too deep
   */
  double share(JsonNode value) {
    Set<ValidationMessage> messages;
    try {
      messages = schema.validate(references.contextFree() ? value : LimitedJson.of(value));
    } catch (StackOverflowError e) {
      throw new RowFault(
          RowFault.Kind.REWARD,
          "the schema leads too deep for the text. Simplify what refers to itself in the schema.",
          e);
    }
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
    List<JsonNode> declarations = new ArrayList<>();
    collect(declared, value, declarations);
    double met = faults.isOwn() ? 0 : 1;
    if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        met += share(faults.below.get(i), item(declarations, i), value.get(i));
      }
      return met / (1 + value.size());
    }
    Set<String> members = new LinkedHashSet<>(faults.missing);
    for (JsonNode declaration : declarations) {
      declaration.path("required").forEach(name -> members.add(name.asText()));
      declaration
          .path("properties")
          .fieldNames()
          .forEachRemaining(
              name -> {
                if (value.has(name)) {
                  members.add(name);
                }
              });
    }
    faults.below.keySet().forEach(name -> members.add(name.toString()));
    for (String name : members) {
      if (value.has(name) && !faults.missing.contains(name)) {
        met += share(faults.below.get(name), member(declarations, name), value.get(name));
      }
    }
    return met / (1 + members.size());
  }

  /**
   * Collects what says of which parts a value is made: a subschema, what it refers to, those of its
   * {@code allOf}, and of alternatives the one of the value's type, if there is just one.
   */
  private void collect(JsonNode schema, JsonNode value, List<JsonNode> declarations) {
    if (declarations.contains(schema) || !schema.isObject() || !value.isContainerNode()) {
      return;
    }
    declarations.add(schema);
    collect(references.referred(schema), value, declarations);
    schema.path("allOf").forEach(part -> collect(part, value, declarations));
    for (String keyword : List.of("anyOf", "oneOf")) {
      List<JsonNode> fitting = new ArrayList<>();
      for (JsonNode alternative : schema.path(keyword)) {
        if (admits(alternative, value)) {
          fitting.add(alternative);
        }
      }
      if (fitting.size() == 1) {
        collect(fitting.get(0), value, declarations);
      }
    }
  }

  private boolean admits(JsonNode alternative, JsonNode value) {
    JsonNode at = alternative;
    while (at.isObject() && !at.has("type")) {
      at = references.referred(at);
    }
    JsonNode type = at.path("type");
    String wanted = value.isObject() ? "object" : "array";
    boolean listed = false;
    for (JsonNode one : type) {
      listed |= one.asText().equals(wanted);
    }
    return type.isMissingNode() || listed || type.asText().equals(wanted);
  }

  private static JsonNode item(List<JsonNode> declarations, int i) {
    for (JsonNode declaration : declarations) {
      JsonNode items = declaration.path("items");
      JsonNode first = items.isArray() ? items : declaration.path("prefixItems");
      if (first.has(i)) {
        return first.get(i);
      }
      if (items.isObject()) {
        return items;
      }
    }
    return MissingNode.getInstance();
  }

  private static JsonNode member(List<JsonNode> declarations, String name) {
    for (JsonNode declaration : declarations) {
      if (declaration.path("properties").has(name)) {
        return declaration.get("properties").get(name);
      }
    }
    return declarations.stream()
        .map(declaration -> declaration.path("additionalProperties"))
        .filter(JsonNode::isObject)
        .findFirst()
        .orElse(MissingNode.getInstance());
  }

  /** What is wrong with a value, and with those below it by name or index. */
  private static final class Faults {

    private final Map<Object, Faults> below = new HashMap<>();
    private final Set<String> missing = new LinkedHashSet<>();
    private boolean wrongType;
    private boolean own;

    /** Whether an alternative does not fit, which matters only if none comes close. */
    private boolean alternative;

    boolean isOwn() {
      return own || (alternative && below.isEmpty() && missing.isEmpty());
    }

    void add(ValidationMessage message) {
      Faults at = this;
      JsonNodePath path = message.getInstanceLocation();
      for (int i = 0; i < path.getNameCount(); i++) {
        at = at.below.computeIfAbsent(path.getElement(i), element -> new Faults());
      }
      boolean ofType =
          is(message, ValidatorTypeCode.TYPE) || is(message, ValidatorTypeCode.UNION_TYPE);
      if (is(message, ValidatorTypeCode.REQUIRED) && message.getProperty() != null) {
        at.missing.add(message.getProperty());
      } else if (is(message, ValidatorTypeCode.ONE_OF) || (ofType && isOfAlternative(message))) {
        at.alternative = true;
      } else {
        at.own = true;
        at.wrongType |= ofType;
      }
    }

    /** Whether one of several subschemas says it of the place to which they all apply. */
    private static boolean isOfAlternative(ValidationMessage message) {
      for (JsonNodePath at = message.getEvaluationPath(); at != null; at = at.getParent()) {
        String keyword = String.valueOf(at.getElement(-1));
        if (keyword.equals("anyOf") || keyword.equals("oneOf")) {
          return true;
        }
        if (SchemaReferences.BELOW.contains(keyword)) {
          return false;
        }
      }
      return false;
    }

    private static boolean is(ValidationMessage message, ValidatorTypeCode type) {
      return type.getValue().equals(message.getType());
    }
  }
}
