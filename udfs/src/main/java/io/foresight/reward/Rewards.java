package io.foresight.reward;

import io.foresight.decoding.Criterion;
import io.foresight.decoding.Criterion.RewardMode;
import io.foresight.decoding.RowFault;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The rewards of a run, ready to be asked. Belongs to one task; see {@link RewardFunction}. */
public final class Rewards implements AutoCloseable {

  /**
   * A reward, and what the settings that all have say of it.
   *
   * @param criterion from when on it passes and is satisfied
   * @param hard whether a row is satisfied only if this reward is
   */
  record Member(
      String name, RewardFunction function, double weight, Criterion criterion, boolean hard) {}

  /** Far more than is of use; sums of such weights are finite. */
  private static final double MOST_WEIGHT = 1e6;

  private final Combination combination;
  private final List<Member> members;
  private final Set<String> columns;

  private Rewards(Combination combination, List<Member> members, Set<String> columns) {
    this.combination = combination;
    this.members = members;
    this.columns = columns;
  }

  /**
   * Makes the rewards; starts and loads nothing.
   *
   * @param scorers where rewards that need a model get it; asked at once
   * @throws InvalidRewardsException with everything that is wrong
   */
  public static Rewards open(RewardSpec spec, TextScorer.Source scorers) {
    List<String> problems = new ArrayList<>();
    List<Member> members = new ArrayList<>();
    Set<String> columns = new LinkedHashSet<>();
    Map<String, RewardFactory> types = RewardTypes.all();
    for (RewardSpec.Named named : spec.rewards()) {
      RewardSettings settings =
          new RewardSettings("rewards." + named.name(), named.settings(), scorers);
      RewardFactory factory = types.get(settings.text("type"));
      if (factory == null) {
        settings.problem("type", "it must be one of " + String.join(", ", types.keySet()) + ".");
        settings.ignoreUnread();
        problems.addAll(settings.problems());
        continue;
      }
      OptionalDouble threshold = settings.optionalNumber("threshold", 0, 1);
      RewardMode mode = settings.choice("mode", RewardMode.LEVEL);
      boolean hard = settings.flag("hard", true);
      double weight = settings.number("weight", 1, 0, MOST_WEIGHT);
      if (settings.has("weight") && !spec.combination().weighs()) {
        settings.problem("weight", "only a weighted sum weighs. Leave it out.");
      }
      if (mode == RewardMode.AUTO) {
        settings.problem("mode", "it must be one of gain, level.");
      }
      RewardFunction function = made(factory, settings);
      if (!settings.problems().isEmpty()) {
        problems.addAll(settings.problems());
        close(function);
        continue;
      }
      columns.addAll(settings.columns());
      members.add(
          new Member(
              named.name(),
              function,
              weight,
              new Criterion(mode, threshold.orElseGet(function::threshold)),
              hard));
    }
    if (!problems.isEmpty()) {
      members.forEach(member -> close(member.function()));
      throw new InvalidRewardsException(problems);
    }
    return new Rewards(spec.combination(), List.copyOf(members), Set.copyOf(columns));
  }

  private static RewardFunction made(RewardFactory factory, RewardSettings settings) {
    try {
      return factory.create(settings);
    } catch (RuntimeException | Error e) {
      if (isOfTheJvm(e)) {
        throw e;
      }
      settings.problem("type", "it cannot be made: " + reason(e));
      settings.ignoreUnread();
      return null;
    }
  }

  private static void close(RewardFunction function) {
    if (function != null) {
      function.close();
    }
  }

  /**
   * As {@link #open}, for a process that scores rows: it must have what rewards take from their
   * environment.
   *
   * @throws InvalidRewardsException with everything that is wrong or missing
   */
  public static Rewards openHere(RewardSpec spec, TextScorer.Source scorers) {
    Rewards rewards = open(spec, scorers);
    List<String> problems = new ArrayList<>();
    for (Member member : rewards.members) {
      member
          .function()
          .lacks()
          .ifPresent(
              lack -> problems.add("Cannot use rewards.%s: %s".formatted(member.name(), lack)));
    }
    if (!problems.isEmpty()) {
      rewards.close();
      throw new InvalidRewardsException(problems);
    }
    return rewards;
  }

  /** The columns that the input must have. */
  public Set<String> columns() {
    return columns;
  }

  /**
   * Prepares the rewards for one row.
   *
   * @param row the row's values by column
   * @throws RewardException if a reward cannot use what the row has
   */
  public RowRewards forRow(Map<String, Object> row) {
    List<RowRewards.Part> parts = new ArrayList<>();
    for (Member member : members) {
      Optional<RewardFunction.RowReward> reward =
          asked(member.name(), () -> member.function().forRow(row));
      reward.ifPresent(of -> parts.add(new RowRewards.Part(member, of)));
    }
    return new RowRewards(combination, parts);
  }

  /**
   * Asks a reward, and names it in a fault that it finds in its row. Whatever else goes wrong is no
   * row's.
   */
  static <T> T asked(String name, Supplier<T> question) {
    try {
      T answer = question.get();
      if (answer == null) {
        throw new RewardException(name, "it gave nothing (null). Correct the reward.");
      }
      return answer;
    } catch (RewardException e) {
      throw e;
    } catch (RowFault e) {
      throw new RewardException(name, e.kind(), e.getMessage(), e);
    }
  }

  /**
   * Whether the code that threw this is not to blame: a heap that ran out, or classes that are not
   * there. Endless recursion is code's own fault.
   */
  static boolean isOfTheJvm(Throwable e) {
    return (e instanceof VirtualMachineError && !(e instanceof StackOverflowError))
        || e instanceof LinkageError;
  }

  static String reason(Throwable e) {
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }

  /** The names, for messages. */
  @Override
  public String toString() {
    return members.stream().map(Member::name).collect(Collectors.joining(", "));
  }

  @Override
  public void close() {
    members.forEach(member -> close(member.function()));
  }
}
