package io.foresight.reward;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InflectionsTest {

  @ParameterizedTest
  @CsvSource({
    "run,running",
    "run,runs",
    "carry,carries",
    "carry,carried",
    "carry,carrying",
    "dance,dancing",
    "dance,danced",
    "dance,dances",
    "walk,walked",
    "walk,walking",
    "stop,stopped",
    "stop,stopping",
    "watch,watches",
    "dog,dogs",
    "box,boxes",
    "play,plays",
    "play,playing",
    "ski,skiing",
    "city,cities",
    "visit,visiting",
    "visit,visited",
    "begin,beginning",
    "see,seeing",
    "eat,eats",
    "fix,fixing",
    "snow,snowing"
  })
  void namesTheForm(String word, String form) {
    assertThat(Inflections.of(word)).contains(form);
  }

  @Test
  void theWordItselfIsFirstInLowerCase() {
    assertThat(Inflections.of(" Dance ")).startsWith("dance").doesNotHaveDuplicates();
    assertThat(Inflections.of("y")).startsWith("y");
    assertThat(Inflections.of("be")).startsWith("be");
  }

  @ParameterizedTest
  @CsvSource({"see,seed", "fee,feed", "be,bed", "run,runing", "carry,carrys", "dance,danceing"})
  void doesNotNameWhatIsNone(String word, String other) {
    assertThat(Inflections.of(word)).doesNotContain(other);
  }

  @Test
  void whatIsNoSingleWordHasNone() {
    for (String none : new String[] {"", "  ", "ice cream", "o'clock", "24", "t-shirt"}) {
      assertThat(Inflections.of(none)).isEmpty();
    }
  }
}
