package io.foresight.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The rules mean what transformers 5.18's logits processors do; its results are the resource. */
class LogitsControlsTest {

  private static int[] ints(JsonNode list) {
    int[] ids = new int[list.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = list.get(i).asInt();
    }
    return ids;
  }

  @Test
  void logitsAreProcessedAsTransformersDoes() throws IOException {
    JsonNode cases;
    try (InputStream in = LogitsControlsTest.class.getResourceAsStream("/logits-controls.json")) {
      cases = new ObjectMapper().readTree(in);
    }
    assertThat(cases).hasSizeGreaterThan(50);
    for (JsonNode one : cases) {
      Map<Integer, Float> biases = new HashMap<>();
      one.get("biases")
          .fields()
          .forEachRemaining(
              bias -> biases.put(Integer.parseInt(bias.getKey()), bias.getValue().floatValue()));
      for (int id : ints(one.get("banned"))) {
        biases.put(id, Float.NEGATIVE_INFINITY);
      }
      LogitsControls controls =
          new LogitsControls(
              one.get("minNewTokens").asInt(),
              one.get("repetitionPenalty").asDouble(),
              one.get("noRepeatNgram").asInt(),
              biases);
      float[] logits = new float[one.get("logits").size()];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = one.get("logits").get(i).floatValue();
      }
      controls
          .of(one.get("prompt").asInt(), ints(one.get("eos")))
          .at(ints(one.get("path")))
          .apply(logits);
      for (int i = 0; i < logits.length; i++) {
        JsonNode wanted = one.get("processed").get(i);
        if (wanted.isNull()) {
          assertThat(logits[i]).as("%s, id %d", one, i).isEqualTo(Float.NEGATIVE_INFINITY);
        } else {
          assertThat(logits[i])
              .as("%s, id %d", one, i)
              .isCloseTo(wanted.floatValue(), within(1e-4f));
        }
      }
    }
  }

  @Test
  void withoutAnyThereAreNoRules() {
    LogitsControls none = new LogitsControls(0, 1, 0, Map.of());
    assertThat(none.areNone()).isTrue();
    assertThat(none.of(3, new int[] {0})).isSameAs(LogitsRules.NONE);
  }
}
