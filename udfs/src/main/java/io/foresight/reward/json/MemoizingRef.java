package io.foresight.reward.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.ExecutionContext;
import com.networknt.schema.JsonMetaSchema;
import com.networknt.schema.JsonNodePath;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonValidator;
import com.networknt.schema.Keyword;
import com.networknt.schema.RefValidator;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.ValidationContext;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.Vocabularies;
import com.networknt.schema.Vocabulary;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * The keyword {@code $ref}, which applies what it refers to once to each place of a value. The
 * validator's own does so each time it comes by, which is exponentially often where alternatives
 * refer to themselves; all of a text's recursion is by references. Not for schemas in which what a
 * subschema says depends on how it was come to.
 */
final class MemoizingRef implements Keyword {

  private static final String NAME = "$ref";

  /**
   * What subschemas said of values at places. Nodes are told apart by identity, since a name is a
   * value too, at the place of what it names.
   */
  private static final class Known {

    private final IdentityHashMap<
            JsonNode, IdentityHashMap<JsonNode, Map<JsonNodePath, Set<ValidationMessage>>>>
        said = new IdentityHashMap<>();

    static Known of(ExecutionContext execution) {
      return (Known)
          execution
              .getCollectorContext()
              .getCollectorMap()
              .computeIfAbsent(Known.class.getName(), name -> new Known());
    }

    Map<JsonNodePath, Set<ValidationMessage>> of(JsonNode schema, JsonNode value) {
      return said.computeIfAbsent(schema, of -> new IdentityHashMap<>())
          .computeIfAbsent(value, of -> new HashMap<>());
    }
  }

  private MemoizingRef() {}

  /** A draft with this {@code $ref} in place of its own. */
  static JsonMetaSchema in(JsonMetaSchema draft) {
    MemoizingRef ref = new MemoizingRef();
    return JsonMetaSchema.builder(draft)
        .keyword(ref)
        // From 2019-09 on keywords come from vocabularies.
        .vocabularyFactory(
            id -> {
              Vocabulary own = Vocabularies.getVocabulary(id);
              return own == null
                  ? null
                  : new Vocabulary(
                      id,
                      own.getKeywords().stream()
                          .map(keyword -> keyword.getValue().equals(NAME) ? ref : keyword)
                          .toArray(Keyword[]::new));
            })
        .build();
  }

  @Override
  public String getValue() {
    return NAME;
  }

  @Override
  public JsonValidator newValidator(
      SchemaLocation schemaLocation,
      JsonNodePath evaluationPath,
      JsonNode schemaNode,
      JsonSchema parentSchema,
      ValidationContext context) {
    return new RefValidator(schemaLocation, evaluationPath, schemaNode, parentSchema, context) {
      @Override
      public Set<ValidationMessage> validate(
          ExecutionContext execution, JsonNode value, JsonNode root, JsonNodePath place) {
        JsonSchema referred = getSchemaRef().getSchema();
        if (referred == null) {
          return super.validate(execution, value, root, place); // Says that it leads nowhere.
        }
        Map<JsonNodePath, Set<ValidationMessage>> said =
            Known.of(execution).of(referred.getSchemaNode(), value);
        Set<ValidationMessage> before = said.get(place);
        if (before == null) {
          // The validator's sets are views of others, in which the same message comes many times.
          before = new LinkedHashSet<>(super.validate(execution, value, root, place));
          said.put(place, before);
        }
        return before;
      }
    };
  }
}
