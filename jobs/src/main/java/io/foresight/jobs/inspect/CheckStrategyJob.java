package io.foresight.jobs.inspect;

import io.foresight.decoding.Strategies;
import io.foresight.decoding.StrategyFactory;
import io.foresight.decoding.check.StrategyChecks;
import io.foresight.jobs.process.ExitCode;
import io.foresight.settings.SettingsException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Holds a strategy to what it claims, in random cases of toy models; one in a jar of {@code --jars}
 * too. Needs no model and no Spark session.
 */
@Command(
    name = "check-strategy",
    description =
        "Holds a strategy to what it claims, in random cases of toy models; takes seconds and no model.",
    mixinStandardHelpOptions = true)
public final class CheckStrategyJob implements Callable<Integer> {

  /** So many violations are printed; the others are likely the same. */
  private static final int SHOWN = 20;

  @Parameters(
      paramLabel = "NAME",
      description = "The strategy's name, as decoding.strategy has it.")
  private String name;

  @Option(names = "--cases", paramLabel = "N", description = "Random cases (1000).")
  private int cases = 1000;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of the first case (1); the next ones have those that follow.")
  private long seed = 1;

  @Override
  public Integer call() {
    if (cases < 1) {
      throw new SettingsException(
          List.of("--cases %d: it must be a whole number of at least 1.".formatted(cases)));
    }
    StrategyFactory factory =
        Strategies.all().stream()
            .filter(one -> one.name().equals(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new SettingsException(
                        List.of(
                            "NAME %s: it must be one of %s, or come in a jar of --jars."
                                .formatted(name, String.join(", ", Strategies.names())))));
    StrategyChecks checks = new StrategyChecks(factory);
    List<String> violations = checks.violations(seed, cases);
    System.out.printf("%s, %d cases from seed %d on:%n", name, cases, seed);
    checks.claims().forEach(claim -> System.out.println("- " + claim));
    if (violations.isEmpty()) {
      System.out.println("All of this holds.");
      return ExitCode.OK.code();
    }
    violations.stream().limit(SHOWN).forEach(System.err::println);
    if (violations.size() > SHOWN) {
      System.err.printf("And %d more.%n", violations.size() - SHOWN);
    }
    System.err.printf(
        "Strategy %s does not keep what it claims. Give --cases 1 --seed with the seed of a line for that case alone.%n",
        name);
    return ExitCode.INTERNAL.code();
  }
}
