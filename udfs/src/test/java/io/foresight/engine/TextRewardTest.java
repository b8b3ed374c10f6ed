package io.foresight.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Judgement;
import io.foresight.model.text.Tokenizer;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import io.foresight.reward.TextScorer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A reward over texts as decoders see it: over ids. */
class TextRewardTest {

  private static Tokenizer tokenizer;

  @BeforeAll
  static void load() {
    tokenizer = Tokenizer.load(Path.of("../examples/target"));
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  private final LongAdder rewardNanos = new LongAdder();
  private final LongAdder tokenizerNanos = new LongAdder();

  private TextReward reward(String... concepts) {
    RowRewards row =
        Rewards.open(RewardSpec.keywordCoverage(), TextScorer.Source.ELSEWHERE)
            .forRow(Map.of("concepts", List.of(concepts)));
    return new TextReward(row, tokenizer, new StopStrings(List.of()), rewardNanos, tokenizerNanos);
  }

  private static int[] ids(String text) {
    int[] withBos = tokenizer.encode(text);
    return Arrays.copyOfRange(withBos, 1, withBos.length);
  }

  @Test
  void scoresTextsAloneAndTogetherAlike() {
    TextReward reward = reward("dog", "run");
    List<int[]> lines = List.of(ids("A dog"), ids("A dog runs"), ids("A dog runs."), new int[0]);
    boolean[] finished = {true, false, true, true};
    // An unfinished text's last word may go on.
    List<Judgement> together = reward.judge(lines, finished);
    assertThat(together).extracting(Judgement::reward).containsExactly(0.5, 0.5, 1.0, 0.0);
    for (int i = 0; i < finished.length; i++) {
      assertThat(reward.judge(lines.get(i), finished[i]).reward())
          .isEqualTo(together.get(i).reward());
      assertThat(together.get(i).parts()).containsExactly(together.get(i).reward());
    }
    assertThat(reward.criteria()).containsExactly(Criterion.ALL);
    assertThat(reward.upperBound()).isEqualTo(1);
    assertThat(rewardNanos.sum()).isPositive();
    assertThat(tokenizerNanos.sum()).isPositive();
  }

  @Test
  void hintsAreWordsOfTheMissingConceptsInsideATextAndAtItsStart() {
    List<String> hints =
        reward("dog", "run").hints(ids("A dog sleeps.")).stream().map(tokenizer::decode).toList();
    assertThat(hints).contains("run", "Run", "running", "Running").doesNotContain("dog", "Dog");
    assertThat(reward("dog").hints(ids("A dog sleeps."))).isEmpty();
  }

  @Test
  void wordsStartWhereNoLetterGoesOn() {
    TextReward reward = reward("dog");
    assertThat(reward.startsWord(ids("dog")[0])).isTrue();
    assertThat(reward.startsWord(ids("dog.")[1])).isTrue();
    // The inside of a word that is more than one piece.
    int[] pieces = ids("xylophonists");
    assertThat(pieces).hasSizeGreaterThan(1);
    assertThat(reward.startsWord(pieces[pieces.length - 1])).isFalse();
  }

  @Test
  void characterOfWhichOnlyTheFirstBytesAreThereMayGoOnAWord() {
    TextReward reward = reward("dog");
    int[] whole = ids("A dog\u00e9");
    int[] begun = Arrays.copyOf(whole, whole.length - 1);
    assertThat(tokenizer.decode(begun)).isEqualTo("A dog\ufffd");
    assertThat(reward.judge(begun, false).reward()).isZero();
    assertThat(reward.judge(whole, true).reward()).isZero();
    assertThat(reward.judge(ids("A dog \u00e9"), true).reward()).isEqualTo(1);
    // The rest of the character is no place for a hint, nor is its beginning.
    assertThat(reward.startsWord(whole[whole.length - 1])).isFalse();
    assertThat(reward.startsWord(begun[begun.length - 1])).isFalse();
  }

  @Test
  void hintsAreThoseOfTheTextBeforeABegunCharacter() {
    TextReward reward = reward("dog");
    int[] whole = ids("A cat \ud83d\ude00");
    for (int length = whole.length - 3; length <= whole.length; length++) {
      assertThat(reward.hints(Arrays.copyOf(whole, length))).isNotEmpty();
    }
    for (int i = whole.length - 3; i < whole.length; i++) {
      assertThat(reward.startsWord(whole[i])).isFalse();
    }
  }
}
