package io.foresight.reward;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A JSON value that may be looked at so often only: a schema that refers to itself twice looks at a
 * value nested n deep 2^n times, and the validator knows no limit. Belongs to one thread.
 */
final class LimitedJson {

  /** Looks that every value is worth, and further ones per value in it. */
  private static final int LOOKS = 50_000;

  private static final int LOOKS_PER_VALUE = 1000;

  private long left = LOOKS;

  private LimitedJson() {}

  /**
   * A copy whose objects and arrays throw {@link IllegalArgumentException} when they have been
   * looked at too often; the message is a reason and what to do.
   */
  static JsonNode of(JsonNode value) {
    return new LimitedJson().copy(value);
  }

  private JsonNode copy(JsonNode value) {
    left += LOOKS_PER_VALUE;
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
    if (--left < 0) {
      throw new IllegalArgumentException(
          "the schema looks too often at the same parts of the text. Simplify what refers to itself in the schema.");
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
