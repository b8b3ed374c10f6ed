package io.foresight.reward.program;

import io.foresight.decoding.RowFault;
import io.foresight.reward.RewardFactory;
import io.foresight.reward.RewardFunction;
import io.foresight.reward.RewardSettings;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The scores that a program of the user gives, in any language: see {@link ProgramRun} for what is
 * said to it and {@link Program} for its life. The program starts with the first question.
 */
public final class CommandReward implements RewardFunction {

  private static final String COMMAND = "command";
  private static final String ENVIRONMENT = "environment";

  /** Makes it from the settings below. */
  public static final class Factory implements RewardFactory {

    @Override
    public String type() {
      return "command";
    }

    /** The program and its arguments, as far as they are files. */
    @Override
    public Map<String, Path> files(RewardSettings settings) {
      List<String> command = settings.texts(COMMAND);
      Map<String, Path> files = new LinkedHashMap<>();
      for (int i = 0; i < command.size(); i++) {
        Path file = file(command.get(i));
        if (file != null) {
          files.put(COMMAND + "." + i, file);
        }
      }
      return files;
    }

    @Override
    public RewardFunction create(RewardSettings settings) {
      List<String> command = settings.texts(COMMAND);
      if (command.isEmpty()) {
        settings.problem(COMMAND, "it is needed. Give a program and its arguments as a list.");
      }
      List<String> environment = settings.texts(ENVIRONMENT);
      for (String name : environment) {
        if (!CommandLine.isName(name)) {
          settings.hiddenProblem(
              ENVIRONMENT,
              "%s is no name of a variable. Give names alone, and the values in the environment."
                  .formatted(name.contains("=") ? name.replaceAll("=.*", "=***") : name));
        }
      }
      return new CommandReward(
          new CommandLine(command, environment),
          settings.inputColumns("columns"),
          settings.duration("timeout", Duration.ofSeconds(30)),
          settings.flag("judges-unfinished", false),
          settings.integer("restarts", 10, 0));
    }
  }

  private final List<String> columns;
  private final boolean judgesUnfinished;
  private final Duration timeout;
  private final int restarts;
  private final CommandLine command;
  private final Program program;

  private CommandReward(
      CommandLine command,
      List<String> columns,
      Duration timeout,
      boolean judgesUnfinished,
      int restarts) {
    this.columns = columns;
    this.judgesUnfinished = judgesUnfinished;
    this.timeout = timeout;
    this.restarts = restarts;
    this.command = command;
    program = Program.lease(command);
  }

  @Override
  public Optional<String> lacks() {
    List<String> missing = command.missing();
    return missing.isEmpty() ? Optional.empty() : Optional.of(CommandLine.notSet(missing));
  }

  @Override
  public Optional<RowReward> forRow(Map<String, Object> row) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (String column : columns) {
      values.put(column, sendable(row.get(column), column));
    }
    return Optional.of(new Judged(values));
  }

  /** The file that an item of a command names, program or argument; {@code null} if it is none. */
  private static Path file(String item) {
    try {
      Path file = Path.of(item);
      return Files.isRegularFile(file) ? file : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static Object sendable(Object value, String column) {
    if (value instanceof List<?> list) {
      // Not a stream, since those take no nulls to a list.
      List<Object> elements = new ArrayList<>();
      list.forEach(element -> elements.add(sendable(element, column)));
      return elements;
    }
    if (value == null
        || value instanceof String
        || value instanceof Number
        || value instanceof Boolean) {
      return value;
    }
    throw new RowFault(
        RowFault.Kind.INPUT,
        "Cannot send column %s: it holds a %s. Make it a text, a number, a boolean or a list of those."
            .formatted(column, value.getClass().getSimpleName()));
  }

  /** Ends the program, unless another task uses it. */
  @Override
  public void close() {
    program.release();
  }

  private final class Judged implements RowReward {

    private final Map<String, Object> row;

    Judged(Map<String, Object> row) {
      this.row = row;
    }

    @Override
    public boolean judgesUnfinished() {
      return judgesUnfinished;
    }

    @Override
    public double reward(String text, boolean finished) {
      return rewards(List.of(text), new boolean[] {finished})[0];
    }

    @Override
    public double[] rewards(List<String> texts, boolean[] finished) {
      double[] scores =
          program.scores(new ProgramRun.Request(texts, finished, row), timeout, restarts);
      if (scores.length != finished.length) {
        throw new RowFault(
            RowFault.Kind.REWARD,
            "its program gave %d scores for %d texts. Correct the program."
                .formatted(scores.length, finished.length));
      }
      return scores;
    }
  }
}
