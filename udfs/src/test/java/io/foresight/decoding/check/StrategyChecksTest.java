package io.foresight.decoding.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategies;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.StrategyFactory.Promise;
import io.foresight.decoding.hypothesis.Hypothesis;
import io.foresight.decoding.hypothesis.TokenScores;
import io.foresight.decoding.search.DecodingRow;
import io.foresight.decoding.search.RowCounters.Origin;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every strategy keeps what it claims, and one that does not is found. */
@Timeout(120)
class StrategyChecksTest {

  private static final int CASES = 200;

  private static List<StrategyFactory> strategies() {
    return Strategies.all();
  }

  @ParameterizedTest
  @MethodSource("strategies")
  void ourStrategiesKeepWhatTheyClaim(StrategyFactory factory) {
    assertThat(new StrategyChecks(factory).violations(1, CASES)).as(factory.name()).isEmpty();
  }

  /** How a strategy decodes a row. */
  private interface Decoder {
    Generation decode(LanguageModel target, Request request, Settings settings);
  }

  /** A strategy that reads no setting. */
  private record Broken(Decoder decoder, Promise promise) implements StrategyFactory {

    @Override
    public String name() {
      return "broken";
    }

    @Override
    public List<Setting<?>> reads() {
      return List.of();
    }

    @Override
    public Strategy create(Settings settings) {
      return new Strategy() {
        @Override
        public String name() {
          return "broken";
        }

        @Override
        public boolean usesDraft() {
          return false;
        }

        @Override
        public CacheNeed cacheNeed() {
          return new CacheNeed(1, 0, 0);
        }

        @Override
        public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
          return decoder.decode(target, request, settings);
        }
      };
    }
  }

  private static List<String> violations(Decoder decoder) {
    return violations(decoder, Promise.GREEDY);
  }

  private static List<String> violations(Decoder decoder, Promise promise) {
    return new StrategyChecks(new Broken(decoder, promise)).violations(1, 50);
  }

  private static Hypothesis open(DecodingRow row) {
    return Hypothesis.open(row.target(), row.tokens(), Hypothesis.Detail.LOG_PROBS, null);
  }

  private static void greedily(DecodingRow row, Hypothesis p) {
    TokenScores next = p.next(0);
    row.commit(Origin.TARGET, next.id(), next.logProb());
    p.advance(next.id());
  }

  private static Generation greedy(LanguageModel target, Request request) {
    DecodingRow row = new DecodingRow(target, null, request);
    try (Hypothesis p = open(row)) {
      while (!row.finished()) {
        greedily(row, p);
      }
    }
    return row.generation();
  }

  @Test
  void whatIsRightIsNotBroken() {
    assertThat(violations((target, request, settings) -> greedy(target, request))).isEmpty();
  }

  @Test
  void aWrongTokenIsFound() {
    Decoder second =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          try (Hypothesis p = open(row)) {
            while (row.remaining() > 1 && !row.finished()) {
              greedily(row, p);
            }
            if (!row.finished()) {
              TokenScores last = p.next(2);
              row.commit(Origin.TARGET, last.topIds()[1], last.topLogProbs()[1]);
            }
          }
          return row.generation();
        };
    assertThat(violations(second))
        .isNotEmpty()
        .allMatch(
            what -> what.matches("Seed \\d+: its tokens are .*, and .* of greedy decoding.*"));
  }

  @Test
  void aSequenceThatStaysOpenIsFound() {
    Decoder leaking =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          Hypothesis p = open(row);
          while (!row.finished()) {
            greedily(row, p);
          }
          return row.generation();
        };
    assertThat(violations(leaking)).contains("Seed 1: it left 1 sequences of p and 0 of q open.");
    Decoder unlessItFails =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          Hypothesis p = open(row);
          while (!row.finished()) {
            greedily(row, p);
          }
          p.close();
          return row.generation();
        };
    assertThat(violations(unlessItFails))
        .contains("Seed 1: when p failed, it left 1 sequences of p and 0 of q open.");
  }

  @Test
  void aLimitThatIsIgnoredIsFound() {
    Decoder further =
        (target, request, settings) ->
            greedy(
                target,
                new Request(
                    request.prompt(),
                    request.maxNewTokens() + 1,
                    request.reward(),
                    request.seed(),
                    request.committed()));
    assertThat(violations(further))
        .anyMatch(what -> what.matches("Seed \\d+: it gave \\d+ tokens, where 1 to \\d+ may be."));
  }

  @Test
  void aStrategyThatDoesNotEndIsFound() {
    Decoder asking =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          try (Hypothesis p = open(row)) {
            while (!row.finished()) {
              p.after();
            }
          }
          return row.generation();
        };
    assertThat(violations(asking)).hasSize(50).allMatch(what -> what.contains("it loops"));
  }

  @Test
  void aSettingThatIsReadInSecretIsFound() {
    Decoder reading =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          try (Hypothesis p = open(row)) {
            while (!row.finished()) {
              TokenScores next = p.next(1 + settings.get(DecodingSettings.LOOKAHEAD) % 2);
              int last = next.topIds().length - 1;
              row.commit(Origin.TARGET, next.topIds()[last], next.topLogProbs()[last]);
              p.advance(next.topIds()[last]);
            }
          }
          return row.generation();
        };
    assertThat(violations(reading)).anyMatch(what -> what.contains("that reads() does not have"));
  }

  @Test
  void anotherPromiseIsFound() {
    assertThat(violations((target, request, settings) -> greedy(target, request), Promise.CDLH))
        .isNotEmpty()
        .allMatch(what -> what.contains(", and those of cdlh ["));
  }

  @Test
  void moreThanIsNeededIsFound() {
    Decoder forking =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          try (Hypothesis p = open(row);
              Hypothesis fork = p.fork()) {
            while (!row.finished()) {
              greedily(row, p);
            }
            assertThat(fork.known()).isEmpty();
          }
          return row.generation();
        };
    assertThat(violations(forking))
        .hasSize(50)
        .allMatch(what -> what.contains("it had 2 sequences of p, 0 of q and 0 nodes"));
  }

  @Test
  void whatIsCountedWronglyIsFound() {
    Decoder uncounted =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          try (Hypothesis p =
              Hypothesis.open(target, row.tokens(), Hypothesis.Detail.LOG_PROBS, null)) {
            while (!row.finished()) {
              greedily(row, p);
            }
          }
          return row.generation();
        };
    // It asks a model that knows no rules of the row, too.
    assertThat(violations(uncounted))
        .filteredOn(what -> what.contains("targetForwards is 0, and must be "))
        .hasSize(50);
  }

  @Test
  void aRewardWhoseFailureIsHiddenIsFound() {
    Decoder hiding =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          try (Hypothesis p = open(row)) {
            while (!row.finished()) {
              greedily(row, p);
              try {
                row.reward();
              } catch (IllegalStateException e) {
                return row.generation();
              }
            }
          }
          return row.generation();
        };
    assertThat(violations(hiding))
        .hasSize(50)
        .allMatch(what -> what.contains("it went on when the reward failed"));
  }

  @Test
  void whatRowsShareIsFound() {
    int[] rows = {0};
    Decoder counting =
        (target, request, settings) -> {
          rows[0]++;
          DecodingRow row = new DecodingRow(target, null, request);
          try (Hypothesis p = open(row)) {
            while (!row.finished() && (row.remaining() > 1 || rows[0] % 2 == 0)) {
              greedily(row, p);
            }
          }
          return row.generation();
        };
    assertThat(violations(counting, Promise.OWN)).isNotEmpty();
    Hypothesis[] current = {null};
    Decoder sharing =
        (target, request, settings) -> {
          DecodingRow row = new DecodingRow(target, null, request);
          try (Hypothesis p = open(row)) {
            current[0] = p;
            while (!row.finished()) {
              greedily(row, current[0]);
            }
          }
          return row.generation();
        };
    assertThat(violations(sharing, Promise.OWN)).isNotEmpty();
  }
}
