package io.foresight.reward.program;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.foresight.decoding.RowFault;
import io.foresight.reward.Deadline;
import io.foresight.reward.Watchdog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One process of a program, from its start to its end. It reads a JSON object per line, {@code
 * {"id": n, "texts": [...], "finished": [...], "row": {column: value}}} in ASCII, and writes one
 * per line in UTF-8, in any order: {@code {"id": n, "scores": [...]}} or {@code {"id": n, "error":
 * "message"}}; docs/own-rewards.md says more. Threads serve its pipes, so that no caller waits in a
 * pipe longer than for its answer. Thread-safe.
 *
 * <p>Long, since one process and all ways in which it can end belong together.
 */
public final class ProgramRun {

  /** The process is no more, perhaps through no fault of the request. */
  static final class EndedException extends Exception {

    private static final long serialVersionUID = 1;

    EndedException(String reason) {
      super("its program " + reason);
    }
  }

  /**
   * What the program is asked.
   *
   * @param finished per text
   * @param row values by column
   */
  record Request(List<String> texts, boolean[] finished, Map<String, Object> row) {}

  /** In the environment of the process, and so of all that it starts, to find those by. */
  private static final String MARK = "FORESIGHT_REWARD";

  private static final byte[] END = {};
  private static final int LONGEST_ANSWER = 1 << 20;
  private static final int LONGEST_QUOTE = 500;
  private static final int LONGEST_LOGGED = 1000;
  private static final int MOST_LOGGED = 1000;
  private static final Duration GRACE = Duration.ofSeconds(2);

  /** Texts are ASCII on the way, whatever the program's locale; Python writes NaN as such. */
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final Logger LOG = LoggerFactory.getLogger(ProgramRun.class);

  /** A request without its answer. What changes is guarded by the run. */
  private static final class Waiting {

    private final CompletableFuture<JsonNode> answer = new CompletableFuture<>();

    /** From when it was sent or, if later, when an earlier one was answered. */
    private Deadline deadline;

    /** Whether nobody waits for it any more; its answer may come nevertheless. */
    private boolean forgotten;

    Waiting(Duration timeout) {
      deadline = Deadline.in(timeout);
    }
  }

  private final CommandLine command;
  private final String name;
  private final String mark = UUID.randomUUID().toString();
  private final Process process;
  private final Thread messages;
  private final NavigableMap<Long, Waiting> waiting = new TreeMap<>();

  /** Lines for the program; {@link #END} closes its input. */
  private final BlockingQueue<byte[]> requests = new LinkedBlockingQueue<>();

  private long lastId;
  private volatile String reason;
  private volatile String lastMessage = "";

  /**
   * Starts a program.
   *
   * @throws IllegalStateException if it does not start, with what the user can do
   */
  public ProgramRun(CommandLine command) {
    this.command = command;
    name = command.program();
    ProcessBuilder builder = new ProcessBuilder(command.resolved());
    builder.environment().put(MARK, mark);
    Watchdog.watch(MARK + "=" + mark);
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new IllegalStateException(
          "Cannot score with program %s: it does not start: %s. Give a program that every host has, and its arguments, as a list of texts."
              .formatted(name, command.hidden(e.getMessage())),
          command.hidden(e.getMessage()).equals(e.getMessage()) ? e : null);
    }
    messages = start("messages", this::readMessages);
    start("requests", this::writeRequests);
    start("answers", this::readAnswers);
    start("end", this::awaitEnd);
  }

  private static Thread start(String purpose, Runnable work) {
    Thread thread = new Thread(work, "foresight-program-" + purpose);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Whether it takes requests. */
  boolean isRunning() {
    return reason == null;
  }

  /** What it did that it takes no more requests; a sentence and more, without a subject. */
  String reason() {
    return reason;
  }

  /**
   * Asks for scores; blocks.
   *
   * @param timeout for the answer: from now on or, since a program may work through its requests in
   *     order, from the latest answer to an earlier one
   * @return as many as the program gave
   * @throws EndedException if the process ended
   * @throws RowFault if this request is not answered, or not with scores
   */
  double[] scores(Request request, Duration timeout) throws EndedException, InterruptedException {
    Waiting mine = send(request, timeout);
    try {
      while (true) {
        long left;
        synchronized (this) {
          left = mine.deadline.left();
        }
        try {
          // At least a millisecond, in which another caller ends what is late.
          return scores(mine.answer.get(Math.max(left, 1_000_000), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
          endIfLate();
        }
      }
    } catch (InterruptedException e) {
      synchronized (this) {
        mine.forgotten = true;
      }
      throw e;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof EndedException) {
        throw new EndedException(reason);
      }
      throw (RowFault) e.getCause();
    }
  }

  private synchronized Waiting send(Request request, Duration timeout) throws EndedException {
    if (reason != null) {
      throw new EndedException(reason);
    }
    long id = ++lastId;
    Map<String, Object> message = new LinkedHashMap<>();
    message.put("id", id);
    message.put("texts", request.texts());
    message.put("finished", request.finished());
    message.put("row", request.row());
    try {
      requests.add((JSON.writeValueAsString(message) + "\n").getBytes(StandardCharsets.US_ASCII));
    } catch (JsonProcessingException e) {
      throw new RowFault(RowFault.Kind.INPUT, "its row cannot be sent: " + e.getMessage(), e);
    }
    Waiting mine = new Waiting(timeout);
    waiting.put(id, mine);
    return mine;
  }

  private double[] scores(JsonNode answer) {
    JsonNode error = answer.get("error");
    if (error != null && !error.isNull()) {
      String reason = error.isTextual() ? error.asText() : error.toString();
      throw new RowFault(
          RowFault.Kind.REWARD,
          reason.isBlank() ? "its program gave an error without a reason." : cut(reason));
    }
    JsonNode scores = answer.path("scores");
    double[] numbers = new double[scores.size()];
    boolean good = scores.isArray();
    for (int i = 0; i < numbers.length; i++) {
      good &= scores.path(i).isNumber();
      numbers[i] = scores.path(i).asDouble();
    }
    if (!good) {
      throw new RowFault(
          RowFault.Kind.REWARD,
          "its program answered %s. Make it give \"scores\", a list of numbers, or \"error\", a text."
              .formatted(cut(answer.toString())));
    }
    return numbers;
  }

  /** Ends the process if a request is late; which one, if all wait for one of them, is certain. */
  private void endIfLate() {
    Waiting late;
    boolean atFault = false;
    synchronized (this) {
      late =
          waiting.values().stream()
              .filter(request -> !request.forgotten)
              .min(Comparator.comparingLong(request -> request.deadline.end()))
              .orElse(null);
      if (reason != null || late == null || !late.deadline.hasPassed()) {
        return;
      }
      reason =
          late.deadline.reason(
              "did not answer", ", and was ended. Make it faster, or raise the reward's timeout.");
      // Behind one that nobody waits for any more it may be that one which hangs.
      if (waiting.values().stream().takeWhile(of -> of != late).noneMatch(of -> of.forgotten)) {
        waiting.values().remove(late);
        atFault = true;
      }
    }
    kill();
    if (atFault) {
      late.answer.completeExceptionally(
          new RowFault(RowFault.Kind.REWARD, "its program " + reason));
    }
    letGo();
  }

  /** Ends the process; those that wait are told why. */
  private void end(String why) {
    synchronized (this) {
      if (reason != null) {
        return;
      }
      reason = why;
    }
    kill();
    letGo();
  }

  private void letGo() {
    requests.add(END);
    List<Waiting> rest;
    synchronized (this) {
      rest = List.copyOf(waiting.values());
      waiting.clear();
    }
    rest.forEach(request -> request.answer.completeExceptionally(new EndedException(reason)));
  }

  /** Asks the process to end, ends it if it does not, and waits until it has. */
  void close() {
    synchronized (this) {
      if (reason == null) {
        reason = "was ended, since nobody needs it any more.";
      }
    }
    requests.add(END);
    if (!soon(() -> !process.isAlive())) {
      process.toHandle().destroy();
      soon(() -> !process.isAlive());
    }
    kill();
    letGo();
  }

  /** Ends the process and all that it started, and waits until they have. */
  void kill() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    // Not by the process itself, which would close the pipes with what is still unread in them.
    process.toHandle().destroyForcibly();
    boolean dead =
        soon(
            () -> {
              // Again each time: one that was being started is not seen at once.
              List<ProcessHandle> left = marked();
              left.forEach(ProcessHandle::destroyForcibly);
              return left.isEmpty() && !process.isAlive();
            });
    if (!dead) {
      LOG.error("Cannot end {}: process {} or one that it started lives on.", name, process.pid());
    }
  }

  /** What the process started, even if it has left it behind: by their environment. */
  private List<ProcessHandle> marked() {
    String entry = MARK + "=" + mark;
    return ProcessHandle.allProcesses()
        .filter(
            handle -> {
              try {
                Path environment = Path.of("/proc", String.valueOf(handle.pid()), "environ");
                return new String(Files.readAllBytes(environment), StandardCharsets.ISO_8859_1)
                    .contains(entry);
              } catch (IOException e) {
                // Of another user, or no more.
                return false;
              }
            })
        .toList();
  }

  /** Whether something came true in time. An interruption is kept for later: this is cleaning. */
  private static boolean soon(BooleanSupplier condition) {
    long end = System.nanoTime() + GRACE.toNanos();
    boolean interrupted = false;
    boolean holds;
    while (!(holds = condition.getAsBoolean()) && System.nanoTime() - end < 0) {
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return holds;
  }

  private void writeRequests() {
    try (OutputStream input = process.getOutputStream()) {
      for (byte[] line = requests.take(); line.length > 0; line = requests.take()) {
        input.write(line);
        input.flush();
      }
    } catch (IOException e) {
      LOG.debug("{} reads no more.", name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void readAnswers() {
    try (InputStream answers = process.getInputStream()) {
      for (byte[] line = line(answers, LONGEST_ANSWER + 1);
          line != null;
          line = line(answers, LONGEST_ANSWER + 1)) {
        if (line.length > LONGEST_ANSWER) {
          end("wrote an answer of more than %d bytes, and was ended.".formatted(LONGEST_ANSWER));
          return;
        }
        if (!take(line)) {
          end(
              "wrote \"%s\" to standard output, which answers no request, and was ended. Make it write answers alone there, each once, and all else to standard error."
                  .formatted(cut(new String(line, StandardCharsets.UTF_8))));
          return;
        }
      }
    } catch (IOException e) {
      LOG.debug("{} writes no more.", name, e);
    }
    // Its output closes a moment before it ends, and its last words are still on their way.
    String how =
        soon(() -> !process.isAlive())
            ? "ended with exit code " + process.exitValue()
            : "closed its standard output";
    kill();
    soon(() -> !messages.isAlive());
    String last = lastMessage;
    end(how + (last.isEmpty() ? "." : ". It last wrote to standard error: " + cut(last)));
  }

  /** Gives an answer to whom it is for; {@code false} if that is nobody. */
  private boolean take(byte[] line) {
    JsonNode answer;
    try {
      answer = JSON.readTree(line);
    } catch (IOException e) {
      return false;
    }
    JsonNode id = answer.path("id");
    Waiting request;
    synchronized (this) {
      if (!id.isIntegralNumber() || !id.canConvertToLong()) {
        return false;
      }
      request = waiting.remove(id.asLong());
      if (request == null) {
        return false;
      }
      waiting
          .tailMap(id.asLong(), false)
          .values()
          .forEach(later -> later.deadline = later.deadline.again());
    }
    request.answer.complete(answer);
    return true;
  }

  /** Logs what the program writes to standard error, which it must never wait to be rid of. */
  private void readMessages() {
    int logged = 0;
    try (InputStream errors = process.getErrorStream()) {
      for (byte[] line = line(errors, LONGEST_LOGGED);
          line != null;
          line = line(errors, LONGEST_LOGGED)) {
        String message = command.hidden(new String(line, StandardCharsets.UTF_8).strip());
        if (message.isEmpty()) {
          continue;
        }
        lastMessage = message;
        if (logged < MOST_LOGGED) {
          LOG.info("{}: {}", name, message);
        } else if (logged == MOST_LOGGED) {
          LOG.warn("{}: no more of its messages are logged.", name);
        }
        logged = Math.min(logged + 1, MOST_LOGGED + 1);
      }
    } catch (IOException e) {
      LOG.debug("{} has no more messages.", name, e);
    }
  }

  /** What a program leaves behind holds its pipes open, so that its end would go unnoticed. */
  private void awaitEnd() {
    try {
      process.waitFor();
      kill();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The next line or, of a longer one, its next part; {@code null} at the end. */
  private static byte[] line(InputStream in, int most) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int next = in.read();
    if (next < 0) {
      return null;
    }
    while (next >= 0 && next != '\n') {
      line.write(next);
      if (line.size() == most) {
        break;
      }
      next = in.read();
    }
    return line.toByteArray();
  }

  private String cut(String told) {
    String text = command.hidden(told);
    return text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "...";
  }
}
