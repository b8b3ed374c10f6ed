package io.foresight.jobs.curate.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;

/** Texts as words, and the keys by which near-duplicates are found. */
class TextsTest {

  @Test
  void wordsAreWhatPeopleCallSo() {
    assertThat(Texts.words("It’s  Dog's, 3 Äpfel - ﬁne!"))
        .containsExactly("it’s", "dog's", "3", "äpfel", "fine");
    assertThat(Texts.words("犬は dog")).containsExactly("犬", "は", "dog");
    assertThat(Texts.words(null)).isEmpty();
    assertThat(Texts.normalised(" ?! ")).isEqualTo("?!");
    assertThat(Texts.normalised("A  dog.")).isEqualTo(Texts.normalised("a DOG!"));
  }

  @Test
  void jaccardCountsEachWordAsOftenAsItStands() {
    assertThat(jaccard("a a b", "a b")).isEqualTo(2.0 / 3);
    assertThat(jaccard("a b c d e f g h", "a b c d e x y z")).isEqualTo(5.0 / 11);
    assertThat(jaccard("", "")).isEqualTo(1);
  }

  private static double jaccard(String a, String b) {
    return Texts.jaccard(Texts.multiset(Texts.words(a)), Texts.multiset(Texts.words(b)));
  }

  @Test
  void changedWordsAreThoseOutsideTheCommonSubsequence() {
    assertThat(changed("a b c d", "a x c d")).isEqualTo(1);
    assertThat(changed("a b c d", "a b c d e")).isEqualTo(1);
    assertThat(changed("a b c", "c b a")).isEqualTo(2);
  }

  private static int changed(String a, String b) {
    return Texts.changed(Texts.words(a), Texts.words(b));
  }

  /** Keys are shared if and only if few enough words are changed, for any texts. */
  @Test
  void keysAreSharedByNearDuplicatesAlone() {
    Random random = new Random(5);
    int near = 0;
    for (int i = 0; i < 4000; i++) {
      List<String> words = new ArrayList<>();
      int length = 1 + random.nextInt(14);
      for (int w = 0; w < length; w++) {
        words.add("w" + random.nextInt(12));
      }
      List<String> other = new ArrayList<>(words);
      for (int c = random.nextInt(6); c > 0 && !other.isEmpty(); c--) {
        int at = random.nextInt(other.size());
        switch (random.nextInt(3)) {
          case 0 -> other.remove(at);
          case 1 -> other.add(at, "w" + random.nextInt(12));
          default -> other.set(at, "w" + random.nextInt(12));
        }
      }
      int longest = Math.max(words.size(), other.size());
      if (longest > Neighbours.SHORT || other.isEmpty()) {
        continue;
      }
      boolean expected = Texts.changed(words, other) <= Neighbours.allowed(longest, 3);
      near += expected ? 1 : 0;
      assertThat(shareKey(words, other)).as("%s | %s", words, other).isEqualTo(expected);
    }
    assertThat(near).isGreaterThan(1000);
  }

  private static boolean shareKey(List<String> a, List<String> b) {
    Set<Long> keys = new HashSet<>();
    for (long key : Neighbours.keys(String.join(" ", a), 0, 3)) {
      keys.add(key);
    }
    for (long key : Neighbours.keys(String.join(" ", b), 0, 3)) {
      if (keys.contains(key)) {
        return true;
      }
    }
    return false;
  }

  @Test
  void diverseRowsAreChosenOneByOne() {
    List<Row> rows = new ArrayList<>();
    String[] texts = {"a b c d", "a b c e", "x y z", "a b x y", "a b c d f"};
    for (int i = 0; i < texts.length; i++) {
      rows.add(RowFactory.create("p", (long) i, texts[i]));
    }
    assertThat(Selection.chosen(rows, 3)).containsExactly(0L, 2L, 3L);
    assertThat(Selection.chosen(rows, 9)).hasSize(5);
  }

  @Test
  void languagesAreToldApartWhereTheyCanBe() {
    List<String> english = Languages.codes(List.of("en"));
    assertThat(english).containsExactly("eng");
    assertThat(Languages.other("A dog is sleeping on the grass.", english, 0.58)).isNull();
    assertThat(Languages.other("dog runs", english, 0.58)).isNull();
    assertThat(Languages.other("Der Mann spielt auf der Bühne Gitarre.", english, 0.58).get(0))
        .isEqualTo("deu");
    assertThat(Languages.codes(List.of("zh", "deu"))).containsExactly("cmn", "deu");
  }
}
