package io.foresight.jobs.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.decoding.CacheNeed;
import io.foresight.decoding.Generation;
import io.foresight.decoding.LanguageModel;
import io.foresight.decoding.Request;
import io.foresight.decoding.Strategy;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.strategy.Greedy;
import io.foresight.jobs.JobRun;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckStrategyJobTest {

  @TempDir private Path folder;

  @Test
  void aStrategyThatKeepsWhatItClaims() {
    JobRun run = JobRun.of("check-strategy", "speculative", "--cases", "20", "--seed", "7");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out())
        .startsWith("speculative, 20 cases from seed 7 on:")
        .contains("- promise GREEDY: ")
        .endsWith("All of this holds.%n".formatted());
    assertThat(run.err()).isEmpty();
  }

  @Test
  void whatCannotBeChecked() {
    JobRun unknown = JobRun.of("check-strategy", "clever");
    assertThat(unknown.code()).isEqualTo(2);
    assertThat(unknown.err()).contains("NAME clever: it must be one of greedy, ");
    JobRun none = JobRun.of("check-strategy", "greedy", "--cases", "0");
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("--cases 0: it must be a whole number of at least 1.");
  }

  /** One that takes log p for whatever it likes. */
  public static final class Careless implements StrategyFactory {

    @Override
    public String name() {
      return "careless";
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
          return "careless";
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
          Generation greedy = new Greedy().decode(target, null, request);
          return new Generation(greedy.tokens(), greedy.ended(), 1, greedy.counters());
        }
      };
    }
  }

  @Test
  void aStrategyOfAJarThatDoesNot() throws IOException {
    Path services = folder.resolve("META-INF/services");
    Files.createDirectories(services);
    Files.writeString(services.resolve(StrategyFactory.class.getName()), Careless.class.getName());
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      JobRun run = JobRun.of("check-strategy", "careless", "--cases", "30");
      assertThat(run.code()).isEqualTo(1);
      assertThat(run.out()).contains("careless, 30 cases").doesNotContain("All of this holds.");
      assertThat(run.err())
          .contains("Seed 1: logProb is 1.0, and by a fresh forward -")
          .contains("And 10 more.")
          .contains("Strategy careless does not keep what it claims.");
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
