package io.foresight.jobs.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import io.foresight.reward.TextScorer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownWordsTest {

  @TempDir Path folder;

  @Test
  void theWordsOfAFileAreKnownInAnyCase() throws IOException {
    Path file =
        Files.write(
            folder.resolve("words"),
            List.of("{\"text\": \"A dog's Ball, in the patrol.\"}", "", "holding"));
    KnownWords known = KnownWords.of(file);
    try (Rewards rewards =
        Rewards.open(RewardSpec.keywordCoverage(), TextScorer.Source.ELSEWHERE)) {
      RowRewards none = rewards.forRow(Map.of());
      assertThat(known.unknown(List.of("dog", "ball", "patrol", "holding"), none)).isZero();
      assertThat(known.unknown(List.of("pat", "holin", "dog"), none)).isEqualTo(2);
      assertThat(known.unknown(List.of(), none)).isZero();
      RowRewards asked = rewards.forRow(Map.of("concepts", List.of("pat", "dog")));
      assertThat(known.unknown(List.of("patting", "holin", "dogs"), asked)).isEqualTo(1);
      RowRewards ofTwoWords =
          rewards.forRow(
              Map.of(
                  "concepts", List.of("ice cream", "give up"),
                  "forms", List.of(List.of(), List.of("gave up"))));
      assertThat(known.unknown(List.of("ice", "creams", "gave", "up", "iced"), ofTwoWords))
          .isEqualTo(1);
    }
  }
}
