package io.foresight.reward.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.sun.net.httpserver.HttpServer;
import io.foresight.decoding.RowFault;
import io.foresight.reward.Made;
import io.foresight.reward.RewardFunction.RowReward;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonConformityTest {

  private static final JsonConformity.Factory FACTORY = new JsonConformity.Factory();

  private static final String PERSON =
      """
      {"type": "object", "required": ["name", "age"],
       "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}, "age": {"$ref": "#/$defs/age"},
                      "tags": {"type": "array", "items": {"type": "string"}},
                      "friend": {"$ref": "#"}},
       "$defs": {"age": {"type": "integer", "minimum": 0}}, "additionalProperties": false}
      """;

  private static final String CONTEXTUAL = "\"unevaluatedProperties\": true, ";

  private static RowReward of(String schema) {
    return Made.of(FACTORY, Map.of("schema", schema));
  }

  private static double score(String text) {
    return of(PERSON).reward(text, true);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // Itself, name, age; and what it has beside them.
        "{\"name\": \"Ann\", \"age\": 7}|1",
        " {\"name\": \"Ann\", \"age\": 7, \"tags\": []}\\n|1",
        "{}|0.6666666667",
        "{\"name\": \"Ann\"}|0.8333333333",
        "{\"name\": \"ann\"}|0.6666666667",
        "{\"name\": \"Ann\", \"age\": -1}|0.8333333333",
        "{\"name\": \"Ann\", \"age\": 7, \"x\": 1}|0.8333333333",
        "{\"name\": \"Ann\", \"x\": 1, \"y\": 1}|0.6666666667",
        // One part of four is an array, of which two parts of three are right.
        "{\"name\": \"Ann\", \"age\": 7, \"tags\": [\"a\", 1]}|0.9583333333",
        "{\"name\": \"Ann\", \"age\": 7, \"friend\": {\"name\": \"Bob\"}}|0.9583333333",
        "[1, 2]|0.5",
        "7|0.5"
      })
  void validPartsCount(String text, double expected) {
    assertThat(score(text.replace("\\n", "\n"))).isCloseTo(expected, within(1e-9));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // The characters that parse, and all.
        "``|0|0",
        "Hello|0|5",
        "{\"name\": \"An|12|12",
        "{\"name\" 1}|1|10",
        "{} {}|2|5",
        "{} x|2|4",
        "{}}|2|3",
        "[1,,2]|2|6",
        "[1e999]|1|7",
        "[01]|1|4"
      })
  void whatDoesNotParseCountsAsFarAsItParses(String text, int parsed, int length) {
    assertThat(text).hasSize(length);
    assertThat(score(text)).isCloseTo(0.5 * parsed / (length + 1), within(1e-12));
    assertThat(score(text)).isLessThan(0.5);
  }

  @Test
  void longerPrefixOfJsonIsBetter() {
    String text = "{\"name\": \"Ann\", \"tags\": [\"a\", {\"b\": [17, -25]}]}";
    for (int i = 1; i < text.length(); i++) {
      assertThat(score(text.substring(0, i))).isCloseTo(0.5 * i / (i + 1), within(1e-12));
    }
    assertThat(score(text)).isGreaterThanOrEqualTo(0.5);
  }

  @Test
  void valueIsTakenOutOfTheTextIfItShall() {
    String text = "Sure! Here is one:\n```json\n{\"name\": \"Ann\", \"age\": 7}\n```\n";
    assertThat(score(text)).isZero();
    RowReward reward = Made.of(FACTORY, Map.of("schema", PERSON, "extract", true));
    assertThat(reward.reward(text, true)).isEqualTo(1);
    assertThat(reward.reward("None.", true)).isZero();
    assertThat(reward.hints("See [1, {\"a\": \"b")).containsExactly("\"}]");
  }

  /** Texts with a valid person in them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "By [2] and [3, 4] it is P.",
        "Fill {name} and {age} in: P",
        "See [the page] (or {that}):\n```json\nP\n```\n[end]",
        "[note: P]",
        "{x: [1, 2} P",
        "{\"a\": } P",
        "[\"a\" P",
        "{} P {}",
        "P, and also {\"name\": 1}",
        "{{{ P }}}",
        "[ ] P [",
        ":-{ P",
        "[1, 2, 3] [null] [true] P"
      })
  void bestValueOfTheTextCounts(String text) {
    RowReward reward = Made.of(FACTORY, Map.of("schema", PERSON, "extract", true));
    String person = "{\"name\": \"An[n] {x\", \"age\": 7}";
    assertThat(reward.reward(text.replace("P", person), true)).isEqualTo(1);
    assertThat(reward.reward(text.replace("P", person.replace("7", "\"7\"")), true))
        .isBetween(0.5, 0.99);
    assertThat(reward.reward(text.replace("P", "nothing"), true)).isLessThan(1);
  }

  @Test
  void valueInsideBrokenJsonIsNoneOfItsOwn() {
    RowReward reward = Made.of(FACTORY, Map.of("schema", PERSON, "extract", true));
    assertThat(reward.reward("{\"a\": {\"name\": \"Ann\", \"age\": 7}, oops", true))
        .isLessThan(0.5);
    assertThat(reward.reward("A long text without any, but for a bracket [", true))
        .isLessThanOrEqualTo(0.25);
    assertThat(reward.reward("{\"name\": oh, nothing came of it [", true)).isLessThan(0.2);
    assertThat(reward.reward("{\"name\": \"Ann\"", true)).isBetween(0.4, 0.5);
  }

  @Test
  void openValueOfAProseIsClosed() {
    RowReward reward = Made.of(FACTORY, Map.of("schema", PERSON, "extract", true));
    assertThat(reward.hints("As [1] says: {\"name\": \"Ann\"")).containsExactly("}");
    assertThat(reward.hints("As {x} says: [{\"name\": \"A")).containsExactly("\"}]");
    assertThat(reward.hints("{\"name\": \"Ann\"} (see [")).containsExactly("]");
    assertThat(reward.hints("{\"name\": \"Ann\"}")).isEmpty();
  }

  @Test
  void onlyFinishedTextsAreJudgedAndHintsCloseThem() {
    RowReward reward = of(PERSON);
    assertThat(reward.judgesUnfinished()).isFalse();
    assertThat(reward.hints("{\"a\": [{\"b{\": \"c\\\"")).containsExactly("\"}]}");
    assertThat(reward.hints("{\"a\": [1")).containsExactly("]}");
    assertThat(reward.hints("{\"a\": ")).isEmpty();
    assertThat(reward.hints("{\"a\": 1}")).isEmpty();
    assertThat(reward.hints("Hello {")).isEmpty();
    assertThat(reward.hints("")).isEmpty();
  }

  @Test
  void rowHasASchemaOfItsOwn() {
    Map<String, Object> settings = Map.of("schema", "true", "schema-column", "s");
    assertThat(
            Made.forRow(FACTORY, settings, Map.of("s", "{\"type\": \"string\"}"))
                .orElseThrow()
                .reward("1", true))
        .isEqualTo(0.5);
    assertThat(Made.forRow(FACTORY, settings, Map.of()).orElseThrow().reward("1", true))
        .isEqualTo(1);
    assertThat(Made.forRow(FACTORY, Map.of("schema-column", "s"), Map.of())).isEmpty();
    assertThatThrownBy(() -> Made.forRow(FACTORY, settings, Map.of("s", "{")))
        .isInstanceOf(RowFault.class)
        .hasMessageContaining("Cannot use the schema of column s: it is no JSON");
  }

  @Test
  void schemasWithTheSameIdAreNotMixedUp() {
    Map<String, Object> settings = Map.of("schema-column", "s");
    for (String type : List.of("string", "integer", "string")) {
      String schema = "{\"$id\": \"https://a.example/x\", \"type\": \"%s\"}".formatted(type);
      assertThat(
              Made.forRow(FACTORY, settings, Map.of("s", schema)).orElseThrow().reward("1", true))
          .isEqualTo(type.equals("integer") ? 1 : 0.5);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"type\": \"strin\"}|it is no schema",
        "{\"required\": 5}|it is no schema",
        "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"type\": 5}|it is no schema",
        "[]|it is no schema",
        "{\"type\": |it is no JSON",
        "{\"$ref\": \"#/nowhere\"}|cannot be used",
        "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"$ref\": \"#\"}}}|refers to itself",
        "{\"properties\": {\"a\": {\"$ref\": \"#/properties/a\"}}}|refers to itself",
        "{\"$defs\": {\"a\": {\"not\": {\"$ref\": \"#b\"}}, \"b\": {\"$anchor\": \"b\", \"if\": {\"$ref\": \"#/$defs/a\"}}}}|refers to itself",
        "{\"x\": {\"$ref\": \"#/x%20y\"}, \"x y\": {\"allOf\": [{\"$ref\": \"#/x\"}]}, \"items\": {\"$ref\": \"#/x\"}}|refers to itself",
        "{\"$ref\": \"\"}|refers to itself",
        "{\"pattern\": \"a(?=b)\"}|without lookaround",
        "{\"pattern\": \"(x{1000}){1000}\"}|repeats too much",
      })
  void schemaThatCannotBeUsedIsRefused(String schema, String reason) {
    assertThat(Made.problems(FACTORY, Map.of("schema", schema)))
        .singleElement()
        .asString()
        .contains("rewards.it.schema = " + schema, reason);
  }

  @Test
  void referencesThatMultiplyAreFollowedOnce() {
    RowReward reward = of(doubling(90, ""));
    assertThat(reward.reward("1", true)).isEqualTo(1);
    assertThat(reward.reward("\"1\"", true)).isEqualTo(0.5);
    // These depend on the way, so that each is followed.
    assertThat(of(doubling(8, CONTEXTUAL)).reward("1", true)).isEqualTo(1);
    assertThat(Made.problems(FACTORY, Map.of("schema", doubling(31, CONTEXTUAL))))
        .singleElement()
        .asString()
        .contains("more than 2000 subschemas apply to one place", "unevaluatedProperties");
  }

  /** Applies one type in 2^n ways. */
  private static String doubling(int n, String further) {
    StringBuilder schema =
        new StringBuilder("{" + further + "\"$ref\": \"#/$defs/d0\", \"$defs\": {");
    for (int i = 0; i < n; i++) {
      String next = "{\"$ref\": \"#/$defs/d%d\"}".formatted(i + 1);
      schema.append("\"d%d\": {\"allOf\": [%s, %s]}, ".formatted(i, next, next));
    }
    return schema.append("\"d%d\": {\"type\": \"integer\"}}}".formatted(n)).toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"allOf\": [{\"properties\": {\"c\": {\"$ref\": \"#\"}}}, {\"properties\": {\"c\": {\"$ref\": \"#\"}}}]}",
        "{\"anyOf\": [{\"not\": {\"properties\": {\"c\": {\"$ref\": \"#\"}}}}, {\"required\": [\"x\"], \"properties\": {\"c\": {\"$ref\": \"#\"}}}]}",
        "{\"oneOf\": [{\"additionalProperties\": {\"$ref\": \"#\"}}, {\"patternProperties\": {\"c\": {\"$ref\": \"#\"}}}]}"
      })
  void schemasThatReferToThemselvesTwiceEnd(String schema) {
    String nested = "{\"c\":".repeat(90) + "1" + "}".repeat(90);
    assertThat(of(schema).reward(nested, true)).isBetween(0.5, 1.0);
  }

  @Test
  void schemasThatReferToThemselvesTwiceAndDependOnTheWayAreStopped() {
    RowReward reward =
        of(
            "{%s\"allOf\": [{\"properties\": {\"c\": {\"$ref\": \"#\"}}}, {\"properties\": {\"c\": {\"$ref\": \"#\"}}}]}"
                .formatted(CONTEXTUAL));
    assertThat(reward.reward("{\"c\":{\"c\":1}}", true)).isEqualTo(1);
    assertThatThrownBy(() -> reward.reward("{\"c\":".repeat(40) + "1" + "}".repeat(40), true))
        .isInstanceOf(RowFault.class)
        .hasMessageContaining("did not judge the text within 5 s");
  }

  @Test
  void nodesOfManyKindsAreToldApart() {
    StringBuilder kinds = new StringBuilder();
    StringBuilder refs = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      refs.append(i == 0 ? "" : ",").append("{\"$ref\":\"#/$defs/K%d\"}".formatted(i));
      kinds.append(
          ",\"K%d\":{\"allOf\":[{\"$ref\":\"#/$defs/Base\"},{\"properties\":{\"type\":{\"const\":\"k%d\"}}}]}"
              .formatted(i, i));
    }
    String schema =
        "{\"$ref\":\"#/$defs/Node\",\"$defs\":{\"Node\":{\"oneOf\":[%s]},\"Base\":{\"type\":\"object\",\"required\":[\"type\"],\"properties\":{\"children\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/Node\"}}}}%s}}"
            .formatted(refs, kinds);
    String text = "{\"type\":\"k0\"}";
    for (int i = 1; i < 30; i++) {
      text = "{\"type\":\"k%d\",\"children\":[%s]}".formatted(i, text);
    }
    assertThat(of(schema).reward(text, true)).isEqualTo(1);
    assertThat(of(schema).reward(text.replace("k0", "none"), true)).isBetween(0.5, 1 - 1e-12);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // As the last, which is what they mean.
        "{\"anyOf\": [{\"$ref\": \"#/$defs/P\"}, {\"type\": \"null\"}]}|{\"who\": {\"name\": \"Ann\", \"age\": \"7\"}}|0.9166666667",
        "{\"oneOf\": [{\"type\": [\"null\"]}, {\"$ref\": \"#/$defs/P\"}]}|{\"who\": {\"name\": \"Ann\", \"age\": \"7\"}}|0.9166666667",
        "{\"allOf\": [{\"$ref\": \"#/$defs/P\"}]}|{\"who\": {\"name\": \"Ann\", \"age\": \"7\"}}|0.9166666667",
        "{\"$ref\": \"#/$defs/P\"}|{\"who\": {\"name\": \"Ann\", \"age\": \"7\"}}|0.9166666667",
        "{\"anyOf\": [{\"$ref\": \"#/$defs/P\"}, {\"type\": \"null\"}]}|{\"who\": 5}|0.75",
        "{\"anyOf\": [{\"$ref\": \"#/$defs/P\"}, {\"type\": \"null\"}]}|{\"who\": null}|1",
        "{\"prefixItems\": [{\"$ref\": \"#/$defs/P\"}]}|{\"who\": [{\"name\": \"Ann\"}]}|0.9583333333",
        "{\"items\": {\"$ref\": \"#/$defs/P\"}}|{\"who\": [{\"name\": \"Ann\"}]}|0.9583333333",
      })
  void partsCountThroughAlternatives(String who, String text, double expected) {
    String schema =
        "{\"required\": [\"who\"], \"properties\": {\"who\": %s}, \"$defs\": {\"P\": {\"type\": \"object\", \"required\": [\"name\", \"age\"], \"properties\": {\"name\": {\"type\": \"string\"}, \"age\": {\"type\": \"integer\"}}}}}"
            .formatted(who);
    assertThat(of(schema).reward(text, true)).isCloseTo(expected, within(1e-9));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"uniqueItems\": true}|[1, 1.0]|false",
        "{\"const\": {\"a\": 1}}|{\"a\": 1.0}|true",
        "{\"enum\": [{\"a\": [1e2]}]}|{\"a\": [100]}|true",
        "{\"enum\": [1.5, -0.0]}|0|true",
        "{\"const\": 9007199254740993}|9007199254740992.0|false",
        "{\"type\": \"integer\"}|3.0|true"
      })
  void equalNumbersAreEqualHoweverTheyAreWritten(String schema, String text, boolean valid) {
    assertThat(of(schema).reward(text, true) == 1).isEqualTo(valid);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // A reference without escapes; what stands beside one; an anchor of each resource's own.
        "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"$ref\": \"#/definitions/Box<string>\", \"definitions\": {\"Box<string>\": {\"type\": \"string\"}}}|\"x\"",
        "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"$ref\": \"#/definitions/t\", \"definitions\": {\"t\": {\"$ref\": \"#/definitions/s\", \"allOf\": [{\"$ref\": \"#/definitions/t\"}]}, \"s\": {\"type\": \"string\"}}}|\"x\"",
        "{\"$id\": \"http://a.example/root\", \"$anchor\": \"item\", \"allOf\": [{\"$ref\": \"#/$defs/a\"}], \"$defs\": {\"a\": {\"$id\": \"http://a.example/a\", \"allOf\": [{\"$ref\": \"#item\"}], \"$defs\": {\"i\": {\"$anchor\": \"item\", \"type\": \"object\"}}}}}|{}"
      })
  void referencesOfManyStylesAreFollowed(String schema, String text) {
    assertThat(of(schema).reward(text, true)).isEqualTo(1);
    assertThat(of(schema).reward("5", true)).isEqualTo(0.5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // By an absolute URI, a relative one, a name, the document's own.
        "{\"$id\": \"http://a.example/root.json\", \"$ref\": \"http://a.example/item\", \"$defs\": {\"i\": {\"$id\": \"http://a.example/item\", \"type\": \"object\"}}}",
        "{\"$id\": \"http://a.example/x/root.json\", \"$ref\": \"../item#\", \"$defs\": {\"i\": {\"$id\": \"/item\", \"type\": \"object\"}}}",
        "{\"$ref\": \"item\", \"$defs\": {\"i\": {\"$id\": \"item\", \"type\": \"object\"}}}",
        "{\"allOf\": [{\"$ref\": \"urn:uuid:deadbeef\"}], \"$defs\": {\"i\": {\"$id\": \"urn:uuid:deadbeef\", \"type\": \"object\"}}}",
        "{\"$id\": \"urn:example:root\", \"$ref\": \"urn:example:root#/$defs/i\", \"$defs\": {\"i\": {\"type\": \"object\"}}}",
        "{\"$id\": \"http://a.example/root.json\", \"$ref\": \"root.json#item\", \"$defs\": {\"i\": {\"$anchor\": \"item\", \"type\": \"object\"}}}",
        // Places and anchors of the embedded one, and what it refers to from there.
        "{\"$ref\": \"item#/$defs/o\", \"$defs\": {\"i\": {\"$id\": \"item\", \"type\": \"string\", \"$defs\": {\"o\": {\"$ref\": \"#/$defs/p\"}, \"p\": {\"type\": \"object\"}}}, \"p\": {\"type\": \"string\"}}}",
        "{\"$ref\": \"item#o\", \"$anchor\": \"o\", \"$defs\": {\"i\": {\"$id\": \"item\", \"$defs\": {\"a/b c\": {\"$anchor\": \"o\", \"type\": \"object\"}}}}}",
        "{\"$ref\": \"http://a.example/d/item\", \"$defs\": {\"i\": {\"$id\": \"http://a.example/d/item\", \"$ref\": \"other\", \"$defs\": {\"o\": {\"$id\": \"other\", \"type\": \"object\"}}}}}",
        "{\"$ref\": \"item#/x/y\", \"$defs\": {\"i\": {\"$id\": \"item\", \"$defs\": {\"p\": {\"type\": \"object\"}}, \"x\": {\"y\": {\"$ref\": \"#/$defs/p\"}}}, \"p\": {\"type\": \"string\"}}}",
        // Up to draft 7, what stands beside a reference does not count.
        "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"$id\": \"http://a.example/base/\", \"definitions\": {\"f\": {\"$id\": \"http://a.example/item.json\", \"type\": \"string\"}, \"b\": {\"$id\": \"item.json\", \"type\": \"object\"}}, \"allOf\": [{\"$id\": \"http://a.example/\", \"$ref\": \"item.json\"}]}",
        "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"allOf\": [{\"$ref\": \"http://a.example/bar#foo\"}], \"definitions\": {\"a\": {\"$id\": \"http://a.example/bar#foo\", \"type\": \"object\"}}}",
        "{\"$schema\": \"http://json-schema.org/draft-04/schema#\", \"allOf\": [{\"$ref\": \"http://a.example/item\"}], \"definitions\": {\"a\": {\"id\": \"http://a.example/item\", \"type\": \"object\"}}}"
      })
  void referencesToWhatTheDocumentEmbedsAreFollowed(String schema) {
    assertThat(of(schema).reward("{}", true)).isEqualTo(1);
    assertThat(of(schema).reward("\"x\"", true)).isEqualTo(0.5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"$ref\": \"item#/$defs/none\", \"$defs\": {\"i\": {\"$id\": \"item\"}}}|it refers to \"item#/$defs/none\"; nothing is fetched",
        "{\"$ref\": \"item\", \"const\": {\"$id\": \"item\"}}|it refers to \"item\"; nothing is fetched",
        "{\"$ref\": \"item\", \"$defs\": {\"i\": {\"$id\": \"item\"}, \"o\": {\"$ref\": \"other\"}}}|it refers to \"other\"; nothing is fetched",
        "{\"$ref\": \"item\", \"$defs\": {\"i\": {\"$id\": \"item\", \"$ref\": \"item\"}}}|it refers to itself without end",
        "{\"$ref\": \"item\", \"$defs\": {\"i\": {\"$id\": \"item\", \"$dynamicRef\": \"#a\", \"$dynamicAnchor\": \"a\"}}}|has $dynamicRef, which are not supported together"
      })
  void referencesToWhatItDoesNotEmbedAreRefused(String schema, String reason) {
    assertThat(Made.problems(FACTORY, Map.of("schema", schema)))
        .singleElement()
        .asString()
        .contains(reason);
  }

  @Test
  void longTextsAreNoReasonToStop() {
    String person = "{\"name\": \"Ann\", \"age\": 7, \"friend\": {\"name\": \"Bob\", \"age\": 1}}";
    String schema = PERSON.replace("\"#\"", "\"#/$defs/person\"");
    String people =
        "{\"items\": {\"$ref\": \"#/$defs/person\"}, \"$defs\": {\"age\": {\"type\": \"integer\"}, \"person\": %s}}"
            .formatted(schema);
    assertThat(of(people).reward("[" + (person + ",").repeat(9_999) + person + "]", true))
        .isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"const\": {\"$ref\": \"http://a.example/x\", \"$schema\": \"y\"}}",
        "{\"enum\": [{\"$ref\": \"http://a.example/x\", \"$schema\": \"y\"}]}"
      })
  void dataMayLookLikeAReference(String schema) {
    assertThat(of(schema).reward("{\"$ref\": \"http://a.example/x\", \"$schema\": \"y\"}", true))
        .isEqualTo(1);
    assertThat(of(schema).reward("{}", true)).isLessThan(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://json-schema.org/draft-04/schema",
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema#"
      })
  void draftsMayEndWithOrWithoutAnEmptyFragment(String draft) {
    assertThat(
            of("{\"$schema\": \"%s\", \"type\": \"integer\"}".formatted(draft)).reward("1", true))
        .isEqualTo(1);
  }

  @Test
  void settingsAreCheckedAllAtOnce() {
    assertThat(Made.problems(FACTORY, Map.of("extract", "maybe", "file", "x")))
        .satisfiesExactlyInAnyOrder(
            problem -> assertThat(problem).contains("schema = nothing", "schema-column"),
            problem -> assertThat(problem).contains("extract = maybe", "true or false"),
            problem -> assertThat(problem).contains("file is no setting"));
  }

  @Test
  void nothingIsEverFetched(@TempDir Path folder) throws IOException {
    AtomicInteger requests = new AtomicInteger();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          requests.incrementAndGet();
          byte[] body = "{\"type\": \"integer\"}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    Path file = Files.writeString(folder.resolve("schema.json"), "{\"type\": \"integer\"}");
    String host = "http://localhost:" + server.getAddress().getPort();
    try {
      for (String other : List.of(host + "/a", file.toUri().toString(), "other.json", "//a/b")) {
        for (String schema :
            List.of(
                "{\"$ref\": \"%s\"}",
                "{\"items\": [{\"anyOf\": [{\"$ref\": \"%s#/x\"}]}]}",
                "{\"$dynamicRef\": \"%s\"}",
                "{\"$recursiveRef\": \"%s\"}",
                "{\"$schema\": \"%s\"}",
                "{\"x\": [{\"y\": {\"$ref\": \"%s\"}}], \"not\": {\"$ref\": \"#/x/0/y\"}}",
                "{\"$defs\": {\"a\": {\"$id\": \"http://a/\", \"$schema\": \"%s\"}}}")) {
          assertThat(Made.problems(FACTORY, Map.of("schema", schema.formatted(other))))
              .singleElement()
              .asString()
              .contains(other, "nothing is fetched");
        }
      }
      for (String schema :
          List.of(
              "{\"$id\": \"%s/base\", \"$ref\": \"#anchor\"}",
              "{\"$id\": \"%s/base\", \"$dynamicRef\": \"#anchor\"}",
              "{\"$id\": \"%s/base\", \"$ref\": \"#/$defs/x\"}")) {
        assertThat(Made.problems(FACTORY, Map.of("schema", schema.formatted(host))))
            .singleElement()
            .asString()
            .contains("cannot be used");
      }
      assertThat(
              of("{\"$id\": \"%s/base\", \"type\": \"string\"}".formatted(host)).reward("1", true))
          .isEqualTo(0.5);
    } finally {
      server.stop(0);
    }
    assertThat(requests).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":", "{\"friend\":"})
  void deepJsonDoesNotExhaustASmallStack(String open) throws InterruptedException {
    String schema =
        "{\"properties\": {\"friend\": {\"$ref\": \"#\"}}, \"items\": {\"$ref\": \"#\"}}";
    double[] scores = {-1, -1};
    Throwable[] thrown = new Throwable[1];
    Thread thread =
        new Thread(
            null,
            () -> {
              RowReward reward = of(schema);
              String deep = open.repeat(99) + "1";
              scores[0] = reward.reward(deep + JsonText.closing(deep), true);
              String deeper = open.repeat(100_000) + "1";
              scores[1] = reward.reward(deeper + JsonText.closing(deeper), true);
            },
            "small stack",
            512 * 1024);
    thread.setUncaughtExceptionHandler((of, e) -> thrown[0] = e);
    thread.start();
    thread.join();
    assertThat(thrown[0]).isNull();
    assertThat(scores[0]).isEqualTo(1);
    assertThat(scores[1]).isLessThan(0.5);
  }

  @Test
  void schemaNestedTooDeepIsRefused() {
    String schema = "{\"not\":".repeat(200) + "true" + "}".repeat(200);
    assertThat(Made.problems(FACTORY, Map.of("schema", schema)))
        .singleElement()
        .asString()
        .contains("nested deeper than 100");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1e999999999",
        "1e400",
        "-1e400",
        "1e-999999999",
        "123456789012345678901234567890",
        "1.0",
        "[1, 1.0, 1]",
        "\"\\ud800\"",
        "{\"\": 1, \"\": 2}",
        "NaN",
        "\u0000",
        "\ufeff1"
      })
  void hostileValuesAreJudged(String text) {
    RowReward reward =
        of(
            "{\"type\": [\"integer\", \"array\"], \"multipleOf\": 0.1, \"minimum\": 1, \"maximum\": 3, \"uniqueItems\": true, \"enum\": [2]}");
    assertThat(reward.reward(text, true)).isBetween(0.0, 1.0);
  }

  /** To the validator, a name is at the place of what it names. */
  @Test
  void namesAndWhatTheyNameAreJudgedOneByOne() {
    RowReward reward =
        of(
            "{\"propertyNames\": {\"$ref\": \"#/$defs/n\"}, \"additionalProperties\": {\"$ref\": \"#/$defs/n\"}, \"$defs\": {\"n\": {\"maxLength\": 1}}}");
    assertThat(reward.reward("{\"a\": \"x\"}", true)).isEqualTo(1);
    assertThat(reward.reward("{\"a\": \"long\"}", true)).isLessThan(1);
    assertThat(reward.reward("{\"long\": \"x\"}", true)).isLessThan(1);
  }

  /** A subschema, mostly of references to a few that refer to one another. */
  private static String drawnSchema(SplittableRandom random) {
    String ref = "{\"$ref\": \"#/$defs/%s\"}".formatted("ABC".charAt(random.nextInt(3)));
    return switch (random.nextInt(9)) {
      case 0 -> "{\"type\": \"integer\"}";
      case 1 -> "{\"type\": [\"object\", \"integer\"]}";
      case 2 -> "{\"properties\": {\"a\": %s, \"b\": %s}}".formatted(ref, drawnSchema(random));
      case 3 -> "{\"required\": [\"a\"], \"additionalProperties\": %s}".formatted(ref);
      case 4 -> "{\"not\": {\"properties\": {\"a\": %s}}}".formatted(ref);
      case 5 -> "{\"items\": %s}".formatted(ref);
      case 6 -> "{\"allOf\": [%s, %s]}".formatted(drawnSchema(random), drawnSchema(random));
      case 7 -> "{\"anyOf\": [%s, %s]}".formatted(drawnSchema(random), ref);
      default -> "{\"oneOf\": [%s, %s]}".formatted(drawnSchema(random), drawnSchema(random));
    };
  }

  private static String drawnText(SplittableRandom random, int depth) {
    return switch (random.nextInt(depth == 0 ? 2 : 5)) {
      case 0 -> "1";
      case 1 -> "\"x\"";
      case 2 -> "[%s, 1]".formatted(drawnText(random, depth - 1));
      case 3 -> "{\"a\": %s}".formatted(drawnText(random, depth - 1));
      default ->
          "{\"b\": %s, \"a\": %s}"
              .formatted(drawnText(random, depth - 1), drawnText(random, depth - 1));
    };
  }

  /** By the validator as it is, which follows each reference each time. */
  @Property(tries = 150)
  void followingReferencesOnceChangesNothing(@ForAll long seed) throws JsonProcessingException {
    SplittableRandom random = new SplittableRandom(seed);
    String schema =
        "{\"$ref\": \"#/$defs/A\", \"$defs\": {\"A\": %s, \"B\": %s, \"C\": %s}}"
            .formatted(drawnSchema(random), drawnSchema(random), drawnSchema(random));
    Assume.that(Made.problems(FACTORY, Map.of("schema", schema)).isEmpty());
    RowReward reward = of(schema);
    JsonSchema plain =
        JsonSchemaFactory.getInstance(VersionFlag.V202012)
            .getSchema(new ObjectMapper().readTree(schema));
    for (int i = 0; i < 10; i++) {
      String text = drawnText(random, 4);
      assertThat(reward.reward(text, true) == 1)
          .as("%s by %s", text, schema)
          .isEqualTo(plain.validate(new ObjectMapper().readTree(text)).isEmpty());
    }
  }

  @Property(tries = 300)
  void oneFaultMoreIsWorseAndValidIsOne(
      @ForAll @IntRange(min = 1, max = 6) int count, @ForAll("states") List<String> states)
      throws JsonProcessingException {
    ObjectMapper mapper = new ObjectMapper();
    List<String> names = List.of("a", "b", "c", "d", "e", "f").subList(0, count);
    Map<String, Object> properties = new TreeMap<>();
    names.forEach(name -> properties.put(name, Map.of("type", "integer")));
    RowReward reward =
        of(
            mapper.writeValueAsString(
                Map.of("type", "object", "required", names, "properties", properties)));
    Map<String, Object> value = new TreeMap<>();
    int right = 0;
    for (int i = 0; i < count; i++) {
      switch (states.get(i)) {
        case "right" -> {
          value.put(names.get(i), i);
          right++;
        }
        case "wrong" -> value.put(names.get(i), "x");
        default -> {}
      }
    }
    double score = reward.reward(mapper.writeValueAsString(value), true);
    assertThat(score).isCloseTo(0.5 + 0.5 * (1.0 + right) / (1.0 + count), within(1e-12));
    assertThat(score == 1).isEqualTo(right == count);
    value.put("more", 1);
    assertThat(reward.reward(mapper.writeValueAsString(value), true)).isEqualTo(score);
  }

  @Provide
  Arbitrary<List<String>> states() {
    return Arbitraries.of("right", "wrong", "missing").list().ofSize(6);
  }

  @Property(tries = 700)
  void onlyJsonScoresHalfAndClosingMakesItSo(
      @ForAll @Chars({'{', '}', '[', ']', '"', 'a', ':', ',', '1', ' ', '\\', 'e', '.'})
          String text) {
    RowReward reward = of("true");
    boolean json;
    try {
      json =
          !new ObjectMapper()
              .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
              .readTree(text)
              .isMissingNode();
    } catch (JsonProcessingException e) {
      json = false;
    }
    if (json) {
      assertThat(reward.reward(text, true)).isEqualTo(1);
    } else {
      assertThat(reward.reward(text, true)).isLessThan(0.5);
    }
    for (String hint : reward.hints(text)) {
      assertThat(reward.reward(text + hint, true)).isEqualTo(1);
    }
  }
}
