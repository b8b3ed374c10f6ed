package io.foresight.reward.program;

import io.foresight.decoding.RowFault;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A program that scores texts: one process per command line and JVM, shared by all its users. It is
 * started when it is first needed and after its end, and ended with its last user or the JVM.
 * Thread-safe.
 *
 * <p>Requests that were waiting when the process ended are asked once more, each alone, so that one
 * that ends the program every time is found out and the others are not.
 */
final class Program {

  private static final Map<CommandLine, Program> PROGRAMS = new HashMap<>();
  private static boolean ending;

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(Program::endAll, "foresight-programs"));
  }

  private final CommandLine command;
  private final ReadWriteLock turns = new ReentrantReadWriteLock(true);
  private int users;
  private int starts;
  private ProgramRun run;

  private Program(CommandLine command) {
    this.command = command;
  }

  /** The program of a command line, to be released once. Starts nothing. */
  static Program lease(CommandLine command) {
    synchronized (PROGRAMS) {
      Program program = PROGRAMS.computeIfAbsent(command, Program::new);
      program.users++;
      return program;
    }
  }

  /** Ends the process if this was its last user, and waits for that. */
  void release() {
    synchronized (PROGRAMS) {
      if (--users > 0) {
        return;
      }
      PROGRAMS.remove(command, this);
    }
    end();
  }

  private static void endAll() {
    List<Program> programs;
    synchronized (PROGRAMS) {
      ending = true;
      programs = List.copyOf(PROGRAMS.values());
    }
    programs.forEach(Program::end);
  }

  private synchronized void end() {
    if (run != null) {
      run.close();
    }
  }

  /**
   * Asks for scores; blocks.
   *
   * @param timeout for the program's answer
   * @param restarts how often the program may be started again before nobody is answered any more
   * @return as many as the program gave
   * @throws RowFault if there are none by this request's doing, with what the user can do
   * @throws IllegalStateException if the program does not start, or not any more
   * @throws CancellationException if the calling thread is interrupted, which it stays
   */
  double[] scores(ProgramRun.Request request, Duration timeout, int restarts) {
    try {
      return scores(turns.readLock(), request, timeout, restarts);
    } catch (ProgramRun.EndedException e) {
      // Perhaps another request's doing.
    }
    try {
      return scores(turns.writeLock(), request, timeout, restarts);
    } catch (ProgramRun.EndedException e) {
      throw new RowFault(RowFault.Kind.REWARD, e.getMessage(), e);
    }
  }

  private double[] scores(Lock turn, ProgramRun.Request request, Duration timeout, int restarts)
      throws ProgramRun.EndedException {
    try {
      turn.lockInterruptibly();
      try {
        return running(restarts).scores(request, timeout);
      } finally {
        turn.unlock();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      CancellationException cancelled =
          new CancellationException("Cannot go on: the task was interrupted.");
      cancelled.initCause(e);
      throw cancelled;
    }
  }

  private synchronized ProgramRun running(int restarts) {
    if (run != null && run.isRunning()) {
      return run;
    }
    if (starts > restarts) {
      synchronized (PROGRAMS) {
        // Whoever comes next, as a task that is tried again, starts from the beginning.
        PROGRAMS.remove(command, this);
      }
      throw new IllegalStateException(
          "Cannot score with program %s: it is not started any more, after %d times (restarts = %d). The last time it %s"
              .formatted(command.program(), starts, restarts, run.reason()));
    }
    synchronized (PROGRAMS) {
      if (ending) {
        throw new CancellationException("Cannot go on: the process ends.");
      }
    }
    if (run != null) {
      // What it holds, such as a device's memory, is free before another wants it.
      run.kill();
    }
    run = new ProgramRun(command);
    starts++;
    return run;
  }
}
