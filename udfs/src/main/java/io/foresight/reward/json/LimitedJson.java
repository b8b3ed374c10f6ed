package io.foresight.reward.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.foresight.decoding.RowFault;
import io.foresight.reward.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A JSON value that may be looked at for so long only: a schema that refers to itself twice may
 * look at a value nested n deep 2^n times, and the validator knows no limit. Belongs to one thread.
 */
final class LimitedJson {

  /** Far longer than any text takes that can be judged at all. */
  private static final Duration LONGEST = Duration.ofSeconds(5);

  private final Deadline deadline = Deadline.in(LONGEST);

  private LimitedJson() {}

  /**
   * A copy whose objects and arrays throw a {@link RowFault} when they are looked at for too long;
   * the message is a reason and what to do.
   */
  static JsonNode of(JsonNode value) {
    return new LimitedJson().copy(value);
  }

  private JsonNode copy(JsonNode value) {
    if (value.isObject()) {
      Map<String, JsonNode> members = new LinkedHashMap<>();
      value
          .fields()
          .forEachRemaining(member -> members.put(member.getKey(), copy(member.getValue())));
      return new LimitedObject(members);
    }
    if (value.isArray()) {
      List<JsonNode> items = new ArrayList<>();
      value.forEach(item -> items.add(copy(item)));
      return new LimitedArray(items);
    }
    return value;
  }

  private void look() {
    if (deadline.hasPassed()) {
      throw deadline.fault(
          "the schema did not judge the text",
          ". Simplify what refers to itself in the schema, or do without %s."
              .formatted(SchemaReferences.contextual()),
          null);
    }
  }

  @SuppressWarnings({"serial", "unchecked"}) // Jackson's deepCopy is that.
  private final class LimitedObject extends ObjectNode {

    LimitedObject(Map<String, JsonNode> members) {
      super(JsonNodeFactory.instance, members);
    }

    @Override
    public JsonNodeType getNodeType() {
      look();
      return super.getNodeType();
    }

    @Override
    public JsonNode get(String name) {
      look();
      return super.get(name);
    }
  }

  @SuppressWarnings({"serial", "unchecked"}) // Jackson's deepCopy is that.
  private final class LimitedArray extends ArrayNode {

    LimitedArray(List<JsonNode> items) {
      super(JsonNodeFactory.instance, items);
    }

    @Override
    public JsonNodeType getNodeType() {
      look();
      return super.getNodeType();
    }
  }
}
