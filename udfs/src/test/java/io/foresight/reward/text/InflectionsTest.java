package io.foresight.reward.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InflectionsTest {

  private static boolean isForm(String word, String of) {
    Inflections.Bases bases = Inflections.bases(word);
    return Inflections.wanted(of).stream()
        .anyMatch(base -> bases.inflected().contains(base) || bases.compared().contains(base));
  }

  /** Verbs, nouns and adjectives, by rule and not. */
  @ParameterizedTest
  @CsvSource({
    "run, run runs running ran",
    "knit, knits knitting knitted",
    "lift, lifts lifting lifted",
    "relax, relaxes relaxing relaxed",
    "bark, barked barking barks",
    "cancel, canceled cancelled canceling cancelling",
    "bury, buries burying buried",
    "carve, carved carving carves",
    "drip, dripped dripping",
    "dye, dyed dyeing dyes",
    "die, dies dying died",
    "mimic, mimicked mimicking",
    "drive, drove driven driving",
    "teach, taught",
    "buy, bought",
    "bend, bent",
    "cut, cut cuts cutting",
    "fly, flew flown flies flying",
    "freeze, froze frozen",
    "weave, wove woven",
    "lay, laid",
    "lie, lay lain lying",
    "be, is are was were been being am",
    "have, has had having",
    "do, did done does",
    "go, went gone goes",
    "louse, lice",
    "ox, oxen",
    "thief, thieves",
    "loaf, loaves",
    "fireman, firemen",
    "grandchild, grandchildren",
    "hero, heroes",
    "fungus, fungi",
    "crisis, crises",
    "berry, berries",
    "church, churches",
    "deer, deer",
    "fish, fish fishes",
    "big, bigger biggest",
    "happy, happier happiest",
    "good, better best",
    "bad, worse worst",
    "young, younger youngest",
    "American, Americans",
    "see, saw seen",
    "saw, saw sawed",
    "leaf, leaves",
    "leave, leaves left"
  })
  void formsCount(String word, String forms) {
    for (String form : forms.split(" ")) {
      assertThat(isForm(Words.of(form).words().get(0), Words.of(word).words().get(0)))
          .as(form)
          .isTrue();
    }
  }

  /** Words that begin alike, that another word's rules would make, that others are made of. */
  @ParameterizedTest
  @CsvSource({
    "new, news newt",
    "bus, busy business",
    "see, seed seek",
    "fee, feed",
    "be, bed bee",
    "run, runner runway",
    "swim, swimmer",
    "teach, teacher",
    "work, worker",
    "race, racer",
    "dress, dresser",
    "live, liver",
    "numb, number",
    "hi, his",
    "plan, plane planed",
    "bath, bathe",
    "cloth, clothe",
    "car, care caring cart",
    "bar, bare bared",
    "rat, rate rating rated",
    "mat, mate mating",
    "pin, pine pining",
    "hop, hope hoped",
    "hope, hop hopping",
    "star, stare stared",
    "sing, single singe",
    "win, wine wind",
    "ten, tennis tent",
    "pass, passenger passion",
    "comb, combine",
    "univers, university",
    "saw, see sees seen",
    "building, build built",
    "left, leave leaves",
    "people, person"
  })
  void othersDoNot(String word, String others) {
    for (String other : others.split(" ")) {
      assertThat(isForm(other, word)).as(other).isFalse();
    }
  }

  @Test
  void whatTheDictionaryDoesNotKnowIsInflectedByRule() {
    for (String word : List.of("frisbee", "vlog", "zorb", "tv")) {
      assertThat(isForm(word + "s", word)).as(word).isTrue();
    }
    assertThat(isForm("zorbing", "zorb")).isTrue();
    assertThat(isForm("zorbed", "zorb")).isTrue();
    assertThat(isForm("vlogging", "vlog")).isTrue();
    assertThat(isForm("zorbit", "zorb")).isFalse();
  }

  @Test
  void conceptThatIsAFormItselfStandsForItsWord() {
    for (String form : List.of("dog", "dogs")) {
      assertThat(isForm(form, "dogs")).isTrue();
    }
    for (String form : List.of("child", "children")) {
      assertThat(isForm(form, "children")).isTrue();
    }
    assertThat(isForm("walking", "walked")).isTrue();
  }

  @Test
  void hintsAreTheWordAndItsForms() {
    assertThat(Inflections.of("Run ")).startsWith("run").contains("ran", "runs", "running");
    assertThat(Inflections.of("child")).contains("child", "children");
    assertThat(Inflections.of("big")).contains("bigger", "biggest");
    assertThat(Inflections.of("be")).contains("is", "was", "are", "been").doesNotContain("'s");
    assertThat(Inflections.of("frisbee")).startsWith("frisbee").contains("frisbees");
    assertThat(Inflections.of("saw")).contains("saws").doesNotContain("see", "seen");
    assertThat(Inflections.of("feet")).contains("foot", "feet");
    assertThat(Inflections.of("y")).containsExactly("y");
    assertThat(Inflections.of("")).isEmpty();
  }

  @Test
  void hintsOfPhrasesInflectTheNounOrTheVerb() {
    assertThat(Inflections.of("hot dog")).containsExactly("hot dog", "hot dogs");
    assertThat(Inflections.of("T-shirt")).contains("t-shirt", "t-shirts");
    assertThat(Inflections.of("take off"))
        .contains("take off", "takes off", "taking off", "took off", "taken off");
    assertThat(Inflections.of("\u516c\u56ed")).containsExactly("\u516c\u56ed");
  }

  @Test
  void manyThreadsSeeTheSame() throws InterruptedException, ExecutionException {
    List<String> words =
        IntStream.range(0, 2000).mapToObj(i -> i % 2 == 0 ? "went" + i : "geese").toList();
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try {
      List<Future<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        all.add(
            threads.submit(
                () ->
                    words.stream()
                            .allMatch(word -> Inflections.bases(word).inflected().contains(word))
                        && isForm("mice", "mouse")
                        && Inflections.of("mouse").contains("mice")));
      }
      for (Future<Boolean> one : all) {
        assertThat(one.get()).isTrue();
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
