package io.foresight.reward.program;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.foresight.decoding.Judgement;
import io.foresight.decoding.RowFault;
import io.foresight.reward.InvalidRewardsException;
import io.foresight.reward.RewardException;
import io.foresight.reward.RewardSpec;
import io.foresight.reward.Rewards;
import io.foresight.reward.RowRewards;
import io.foresight.reward.TextScorer;
import io.foresight.reward.Watchdog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.assertj.core.util.Throwables;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rewards that programs give: real ones, of /bin/sh. */
@Timeout(60)
class CommandRewardTest {

  /** Takes a request apart, for texts without escapes: its id and its first text. */
  private static final String TAKE =
      "id=${line#*:}; id=${id%%,*}; text=${line#*texts\\\":[\\\"}; text=${text%%\\\"*}; ";

  /** Answers with the text as the score. */
  private static final String ANSWER = "echo \"{\\\"id\\\":$id,\\\"scores\\\":[$text]}\"; ";

  @TempDir private Path folder;

  private final ExecutorService rows = Executors.newCachedThreadPool();

  /** A program that answers each request with its text, after the cases of {@code script}. */
  private static String loop(String script) {
    return "while read -r line; do " + TAKE + script + ANSWER + "done";
  }

  /** What happens if the text is {@code text}. */
  private static String on(String text, String script) {
    return "if [ \"$text\" = " + text + " ]; then " + script + "; fi; ";
  }

  private static Rewards open(Map<String, Object> settings, String script, String... arguments) {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", script, "sh"));
    command.addAll(List.of(arguments));
    Map<String, Object> all = new HashMap<>(settings);
    all.putIfAbsent("command", command);
    all.put("type", "command");
    return Rewards.open(RewardSpec.of("graded", all), TextScorer.Source.ELSEWHERE);
  }

  private static double score(Rewards rewards, String text) {
    return rewards.forRow(Map.of()).outcome(text).reward();
  }

  private List<Future<Double>> scores(Rewards rewards, List<String> texts) {
    return texts.stream().map(text -> rows.submit(() -> score(rewards, text))).toList();
  }

  private static void assertFails(Future<Double> row, String... messages) {
    assertThatThrownBy(row::get)
        .cause()
        .isInstanceOf(RewardException.class)
        .hasMessageStartingWith("Cannot score with reward graded: ")
        .hasMessageContainingAll(messages);
  }

  private static void assertFails(Rewards rewards, String text, String... messages) {
    assertThatThrownBy(() -> score(rewards, text))
        .isInstanceOf(RewardException.class)
        .hasMessageStartingWith("Cannot score with reward graded: ")
        .hasMessageContainingAll(messages);
  }

  /** What this JVM has started and still runs, without the watchdog. */
  private static List<String> processes() {
    return ProcessHandle.current()
        .descendants()
        .filter(handle -> handle.isAlive() && !Watchdog.is(handle))
        .map(handle -> handle.info().commandLine().orElse(String.valueOf(handle.pid())))
        .toList();
  }

  /** Whether a process runs; one that is dead and waits for its parent has no command line. */
  private static boolean runs(String pid) {
    try {
      return !Files.readString(Path.of("/proc", pid.strip(), "cmdline")).isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  @AfterEach
  void leavesNothing() {
    rows.shutdownNow();
    assertThat(processes()).isEmpty();
  }

  @Test
  void valuesComeFromTheEnvironmentAndStandNowhere() {
    String home = System.getenv("PATH");
    String script =
        "while read -r line; do "
            + TAKE
            + on("1", ANSWER + "continue")
            + "echo \"{\\\"id\\\":$id,\\\"error\\\":\\\"got $1 and $PATH\\\"}\"; done";
    try (Rewards rewards =
        open(Map.of("environment", List.of("PATH")), script, "key=${env:PATH}.")) {
      assertThat(score(rewards, "1")).isEqualTo(1);
      assertThatThrownBy(() -> score(rewards, "2"))
          .hasMessageEndingWith("got key=***. and ***")
          .hasMessageNotContaining(home);
    }
    try (Rewards rewards = open(Map.of(), "echo \"no $PATH\" >&2; exit 3", "${env:PATH}")) {
      assertThatThrownBy(() -> score(rewards, "1"))
          .hasMessageContaining("wrote to standard error: no ***")
          .hasMessageNotContaining(home);
    }
    Map<String, Object> noProgram = Map.of("command", List.of("/no/${env:PATH}"));
    try (Rewards rewards = open(noProgram, "")) {
      assertThatThrownBy(() -> score(rewards, "1"))
          .hasMessageContaining("does not start")
          .extracting(Throwables::getStackTrace, STRING)
          .doesNotContain(home);
    }
  }

  @Test
  void whatTheEnvironmentLacksIsToldBeforeAnyRow() {
    Map<String, Object> settings =
        Map.of(
            "type",
            "command",
            "command",
            List.of("/bin/sh", "${env:FORESIGHT_NOT_SET}"),
            "environment",
            List.of("FORESIGHT_NEITHER", "PATH"));
    RewardSpec spec = RewardSpec.of("graded", settings);
    Rewards.open(spec, TextScorer.Source.ELSEWHERE).close();
    assertThatThrownBy(() -> Rewards.openHere(spec, TextScorer.Source.ELSEWHERE))
        .isInstanceOf(InvalidRewardsException.class)
        .hasMessageContaining(
            "Cannot use rewards.graded: FORESIGHT_NEITHER, FORESIGHT_NOT_SET are not set");
    assertThatThrownBy(() -> open(Map.of("environment", List.of("API_KEY=abcdef")), "exit"))
        .hasMessageContaining("rewards.graded.environment: API_KEY=*** is no name of a variable")
        .hasMessageNotContaining("abcdef");
  }

  @Test
  void asksAsThePageSays() throws IOException {
    Path log = folder.resolve("log");
    String script =
        "while read -r line; do printf '%s\\n' \"$line\" >> \"$1\"; "
            + TAKE
            + "text=0.25; "
            + ANSWER
            + "done";
    Map<String, Object> settings = Map.of("columns", List.of("concepts", "n", "none"));
    try (Rewards rewards = open(settings, script, log.toString())) {
      assertThat(rewards.columns()).containsExactlyInAnyOrder("concepts", "n", "none");
      List<Object> concepts = new ArrayList<>(List.of("dog", true));
      concepts.add(null);
      RowRewards row = rewards.forRow(Map.of("concepts", concepts, "n", 7, "other", "is not sent"));
      assertThat(row.outcome("A \"d\u00f6g\"\n\ud83d\ude00").scores())
          .containsExactly(Map.entry("graded", 0.25));
      // Unfinished ones are not asked about, unless the settings say so.
      assertThat(row.judge(List.of("A", "B"), new boolean[] {false, true}))
          .extracting(Judgement::reward)
          .containsExactly(1.0, 0.25);
    }
    assertThat(Files.readAllLines(log))
        .containsExactly(
            "{\"id\":1,\"texts\":[\"A \\\"d\\u00F6g\\\"\\n\\uD83D\\uDE00\"],\"finished\":[true],"
                + "\"row\":{\"concepts\":[\"dog\",true,null],\"n\":7,\"none\":null}}",
            "{\"id\":2,\"texts\":[\"B\"],\"finished\":[true],"
                + "\"row\":{\"concepts\":[\"dog\",true,null],\"n\":7,\"none\":null}}");
  }

  @Test
  void judgesUnfinishedTextsWhereItIsToldTo() {
    String script = "while read -r line; do " + TAKE + "text=0.25,0.5; " + ANSWER + "done";
    try (Rewards rewards = open(Map.of("judges-unfinished", true), script)) {
      assertThat(rewards.forRow(Map.of()).judge(List.of("A", "B"), new boolean[] {false, true}))
          .extracting(Judgement::reward)
          .containsExactly(0.25, 0.5);
    }
  }

  @Test
  void rowsThatCannotBeSentFail() {
    try (Rewards rewards = open(Map.of("columns", "day"), loop(""))) {
      assertThatThrownBy(() -> rewards.forRow(Map.of("day", new java.sql.Date(0))))
          .isInstanceOf(RewardException.class)
          .hasMessageContaining("Cannot send column day: it holds a Date.");
    }
  }

  @Test
  void manyThreadsShareAProcess() throws Exception {
    Path started = folder.resolve("started");
    String script = "echo started >> \"$1\"; " + loop("");
    Map<String, Object> settings = Map.of("timeout", "20s");
    Rewards one = open(settings, script, started.toString());
    try (Rewards two = open(settings, script, started.toString())) {
      List<String> texts =
          IntStream.range(0, 400).mapToObj(i -> String.valueOf(i / 400.0)).toList();
      List<Future<Double>> ofOne = scores(one, texts);
      List<Future<Double>> ofTwo = scores(two, texts);
      for (int i = 0; i < texts.size(); i++) {
        assertThat(ofOne.get(i).get()).isEqualTo(i / 400.0);
        assertThat(ofTwo.get(i).get()).isEqualTo(i / 400.0);
      }
      one.close();
      assertThat(score(two, "0.5")).isEqualTo(0.5);
      assertThat(Files.readAllLines(started)).hasSize(1);
    }
  }

  @Test
  void answersMayComeInAnyOrder() throws Exception {
    String keep = "first=$id; firstText=$text; read -r line; " + TAKE + ANSWER;
    String script =
        "while read -r line; do " + TAKE + keep + "id=$first; text=$firstText; " + ANSWER + "done";
    try (Rewards rewards = open(Map.of(), script)) {
      List<Future<Double>> scores = scores(rewards, List.of("0.25", "0.5", "0.75", "0.125"));
      assertThat(scores.get(0).get()).isEqualTo(0.25);
      assertThat(scores.get(1).get()).isEqualTo(0.5);
      assertThat(scores.get(2).get()).isEqualTo(0.75);
      assertThat(scores.get(3).get()).isEqualTo(0.125);
    }
  }

  private static List<String> withEvery(int n, String text) {
    return IntStream.range(0, 20).mapToObj(i -> i % n == 3 ? text : "0." + i).toList();
  }

  private void assertOnlyThoseFail(Rewards rewards, String text, String... messages)
      throws Exception {
    List<String> texts = withEvery(10, text);
    List<Future<Double>> scores = scores(rewards, texts);
    for (int i = 0; i < texts.size(); i++) {
      if (texts.get(i).equals(text)) {
        assertFails(scores.get(i), messages);
      } else {
        assertThat(scores.get(i).get()).isEqualTo(Double.parseDouble(texts.get(i)));
      }
    }
  }

  @Test
  void aCrashIsTheFaultOfTheRowThatCausesIt() throws Exception {
    String script = loop(on("crash", "echo cannot go on >&2; exit 3"));
    try (Rewards rewards = open(Map.of(), script)) {
      assertOnlyThoseFail(rewards, "crash", "its program ended with exit code 3.", "cannot go on");
    }
  }

  @Test
  void lastWordsAreHeard() {
    // It answers and is gone, each time.
    String script = "read -r line; " + TAKE + ANSWER + "echo done >&2; exit 3";
    try (Rewards rewards = open(Map.of("restarts", 1000), script)) {
      for (int i = 0; i < 40; i++) {
        assertThat(score(rewards, "0.5")).isEqualTo(0.5);
      }
    }
    try (Rewards rewards = open(Map.of("restarts", 1000), "echo gone >&2; exit 3")) {
      for (int i = 0; i < 12; i++) {
        assertFails(rewards, "0.5", "exit code 3. It last wrote to standard error: gone");
      }
    }
  }

  @Test
  void garbageIsTheFaultOfTheRowThatCausesIt() throws Exception {
    try (Rewards rewards = open(Map.of(), loop(on("garbage", "echo hello")))) {
      assertOnlyThoseFail(
          rewards, "garbage", "its program wrote \"hello\" to standard output, which answers no");
    }
  }

  @Test
  void whatDoesNotAnswerIsEndedWithAllThatItStarted() throws Exception {
    String script = loop(on("hang", "sleep 1000"));
    try (Rewards rewards = open(Map.of("timeout", "500ms"), script)) {
      assertOnlyThoseFail(
          rewards, "hang", "its program did not answer within 500 ms, and was ended.");
      assertThat(processes()).noneMatch(command -> command.endsWith("sleep 1000"));
    }
  }

  @ParameterizedTest
  @CsvSource({"nothing,''", "other,'{\"id\":999,\"scores\":[1]}'", "number,7", "half,'{\"id\":'"})
  void whatIsNoAnswerIsGarbage(String text, String answer) {
    String script = loop(on(text, "echo '" + answer + "'"));
    try (Rewards rewards = open(Map.of(), script)) {
      assertFails(rewards, text, "its program wrote \"" + answer + "\" to standard output");
      assertThat(score(rewards, "0.5")).isEqualTo(0.5);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "NaN,'it gave NaN, which is not in [0, 1.0]'",
    "1.5,'it gave 1.5, which is not in [0, 1.0]'",
    "1e999,'it gave Infinity, which is not in [0, 1.0]'",
    "-1,'it gave -1.0, which is not in [0, 1.0]'",
    "'1,1','its program gave 2 scores for 1 texts'",
    "null,'its program answered {'",
    "[1],'its program answered {'",
  })
  void wrongScoresAreTheirRows(String score, String message) throws IOException {
    Path started = folder.resolve("started");
    String script = "echo started >> \"$1\"; " + loop(on("bad", "text='" + score + "'"));
    try (Rewards rewards = open(Map.of(), script, started.toString())) {
      assertFails(rewards, "bad", message);
      assertThat(score(rewards, "0.5")).isEqualTo(0.5);
      assertThat(Files.readAllLines(started)).hasSize(1);
    }
  }

  @Test
  void errorsOfTheProgramAreTheRows() {
    String script =
        "while read -r line; do "
            + TAKE
            + "echo \"{\\\"id\\\":$id,\\\"error\\\":\\\"no $text today\\\"}\"; done";
    try (Rewards rewards = open(Map.of(), script)) {
      assertThatThrownBy(() -> score(rewards, "bread"))
          .hasMessage("Cannot score with reward graded: no bread today");
    }
  }

  @Test
  void answersAreBounded() {
    String script = loop(on("long", "head -c 3000000 /dev/zero | tr '\\0' a"));
    try (Rewards rewards = open(Map.of(), script)) {
      assertFails(rewards, "long", "its program wrote an answer of more than 1048576 bytes");
      assertThat(score(rewards, "0.5")).isEqualTo(0.5);
    }
  }

  @Test
  void muchOnStandardErrorHoldsNothingUp() {
    String flood =
        "head -c 1000000 /dev/zero | tr '\\0' 'a' >&2; yes message | head -n 20000 >&2; ";
    try (Rewards rewards = open(Map.of(), loop(flood))) {
      assertThat(score(rewards, "0.25")).isEqualTo(0.25);
      assertThat(score(rewards, "0.5")).isEqualTo(0.5);
    }
  }

  @Test
  void aProgramThatReadsNothingIsLateToo() {
    try (Rewards rewards = open(Map.of("timeout", "500ms"), "sleep 1000")) {
      // More than its pipe takes.
      assertFails(rewards, "a".repeat(1_000_000), "did not answer within 500 ms");
    }
  }

  @Test
  void whatAProgramLeavesBehindIsEnded() throws Exception {
    Path pid = folder.resolve("pid");
    // It holds the pipes open, and is nobody's child.
    String leave = "(sleep 1000 & echo $! > \"$1\"); exit 4";
    try (Rewards rewards = open(Map.of(), loop(on("leave", leave)), pid.toString())) {
      assertFails(rewards, "leave", "exit code 4");
      assertThat(runs(Files.readString(pid))).isFalse();
    }
    String background = "sleep 1000 & echo $! > \"$1\"; " + loop("");
    try (Rewards rewards = open(Map.of(), background, pid.toString())) {
      assertThat(score(rewards, "0.5")).isEqualTo(0.5);
      // A process has no command line while it becomes another program.
      for (int i = 0; i < 100 && !runs(Files.readString(pid)); i++) {
        Thread.sleep(10);
      }
      assertThat(runs(Files.readString(pid))).isTrue();
    }
    assertThat(runs(Files.readString(pid))).isFalse();
  }

  @Test
  void aProgramThatAlwaysEndsIsGivenUp() throws IOException {
    Path started = folder.resolve("started");
    String script = "echo started >> \"$1\"; echo no such module >&2; exit 1";
    try (Rewards rewards = open(Map.of("restarts", 2), script, started.toString())) {
      assertFails(rewards, "a", "its program ended with exit code 1.", "no such module");
      assertThatThrownBy(() -> score(rewards, "a"))
          .isNotInstanceOf(RowFault.class)
          .hasMessageContaining(
              "program /bin/sh: it is not started any more, after 3 times (restarts = 2). The last time it ended with exit code 1.")
          .hasMessageContaining("no such module");
      assertThatThrownBy(() -> score(rewards, "a"))
          .isNotInstanceOf(RowFault.class)
          .hasMessageContaining("it is not started any more");
      assertThat(Files.readAllLines(started)).hasSize(3);
      // The next one who needs it may have corrected it, even if this one is still there.
      try (Rewards again = open(Map.of("restarts", 2), script, started.toString())) {
        assertFails(again, "a", "its program ended with exit code 1.");
      }
    }
  }

  @Test
  void aMissingProgramIsNamed() {
    try (Rewards rewards = open(Map.of("command", "/no/such/program"), "")) {
      assertThatThrownBy(() -> score(rewards, "a"))
          .isNotInstanceOf(RowFault.class)
          .hasMessageStartingWith("Cannot score with program /no/such/program: it does not start")
          .hasMessageContaining("every host");
    }
  }

  @Test
  void aSlowRowIsLateByItself() throws Exception {
    // Never answers one of them, but all others, which come later.
    String script =
        "while read -r line; do "
            + TAKE
            + "if [ \"$text\" != never ]; then sleep 0.05; "
            + ANSWER
            + "fi; done";
    try (Rewards rewards = open(Map.of("timeout", "1s"), script)) {
      score(rewards, "0.5");
      Future<Double> never = scores(rewards, List.of("never")).get(0);
      long started = System.nanoTime();
      while (!never.isDone()) {
        assertThat(score(rewards, "0.5")).isEqualTo(0.5);
      }
      assertFails(never, "did not answer within 1 s");
      assertThat(System.nanoTime() - started).isBetween(800_000_000L, 5_000_000_000L);
    }
  }

  @Test
  void waitingForEarlierRowsIsNotBeingLate() throws Exception {
    Path started = folder.resolve("started");
    String script = "echo started >> \"$1\"; " + loop("sleep 0.2; ");
    try (Rewards rewards = open(Map.of("timeout", "1s"), script, started.toString())) {
      List<String> texts = IntStream.range(0, 10).mapToObj(i -> "0." + i).toList();
      List<Future<Double>> scores = scores(rewards, texts);
      for (int i = 0; i < texts.size(); i++) {
        assertThat(scores.get(i).get()).isEqualTo(i / 10.0);
      }
    }
    assertThat(Files.readAllLines(started)).hasSize(1);
  }

  @Test
  void interruptionEndsTheWaitAndNoOthers() throws Exception {
    Path asked = folder.resolve("asked");
    String script = loop(on("slow", "echo > \"$1\"; sleep 1; text=0.125"));
    try (Rewards rewards = open(Map.of(), script, asked.toString())) {
      ExecutorService killed = Executors.newSingleThreadExecutor();
      Future<Boolean> row =
          killed.submit(
              () -> {
                assertThatThrownBy(() -> score(rewards, "slow"))
                    .isInstanceOf(CancellationException.class);
                return Thread.currentThread().isInterrupted();
              });
      while (!Files.exists(asked)) {
        Thread.sleep(5);
      }
      Future<Double> other = scores(rewards, List.of("0.5")).get(0);
      long started = System.nanoTime();
      killed.shutdownNow();
      assertThat(row.get()).isTrue();
      assertThat(System.nanoTime() - started).isLessThan(700_000_000L);
      assertThat(other.get()).isEqualTo(0.5);
      assertThat(score(rewards, "0.25")).isEqualTo(0.25);
    }
  }

  @Test
  void closingGivesTimeToEnd() throws Exception {
    Path ended = folder.resolve("ended");
    String script = loop("") + "; sleep 0.3; echo > \"$1\"";
    try (Rewards rewards = open(Map.of(), script, ended.toString())) {
      assertThat(score(rewards, "0.5")).isEqualTo(0.5);
    }
    assertThat(ended).exists();
  }

  @Test
  void closingEndsWhatDoesNotWantTo() {
    String script = "trap '' TERM; " + loop("") + "; while :; do sleep 1000; done";
    Rewards rewards = open(Map.of(), script);
    assertThat(score(rewards, "0.5")).isEqualTo(0.5);
    // As the thread of a task that is killed.
    Thread.currentThread().interrupt();
    rewards.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(processes()).isEmpty();
  }

  @Test
  void whatAKilledTaskLeftHangingIsNoOtherRowsFault() throws Exception {
    String script = loop(on("hang", "while :; do sleep 1000; done"));
    try (Rewards rewards = open(Map.of("timeout", "1s"), script)) {
      assertThat(score(rewards, "0.5")).isEqualTo(0.5);
      Thread killed =
          new Thread(
              () ->
                  assertThatThrownBy(() -> score(rewards, "hang"))
                      .isInstanceOf(CancellationException.class));
      killed.start();
      Thread.sleep(300);
      killed.interrupt();
      killed.join();
      assertThat(score(rewards, "0.25")).isEqualTo(0.25);
    }
  }

  @Test
  void nothingIsStartedBeforeItIsNeeded() {
    try (Rewards rewards = open(Map.of(), loop(""))) {
      rewards.forRow(Map.of());
      assertThat(processes()).isEmpty();
    }
  }

  @Test
  void settingsAreChecked() {
    Map<String, Object> settings =
        Map.of("command", List.of(), "timeout", "soon", "restarts", -1, "judges-unfinished", 1);
    assertThatThrownBy(() -> open(settings, ""))
        .isInstanceOfSatisfying(
            InvalidRewardsException.class, e -> assertThat(e.problems()).hasSize(4));
  }

  /** A JVM that asks a program and ends, or is to be ended; of the tests below. */
  static final class Asking {

    private Asking() {}

    /** Takes the script, and whether to end by itself. */
    public static void main(String[] arguments) throws InterruptedException {
      Rewards rewards = open(Map.of(), arguments[0], arguments[1]);
      score(rewards, "0.5");
      if (arguments[2].equals("exit")) {
        System.exit(0);
      }
      Thread.sleep(60_000);
    }
  }

  @ParameterizedTest
  @CsvSource({"exit,'; sleep 1000'", "wait,''"})
  void programsEndWithTheirJvm(String how, String afterwards) throws Exception {
    Path pid = folder.resolve("pid");
    String script = "echo $$ > \"$1\"; " + loop("") + afterwards;
    Process jvm =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                Asking.class.getName(),
                script,
                pid.toString(),
                how)
            .inheritIO()
            .start();
    if (how.equals("wait")) {
      while (!Files.exists(pid) || Files.size(pid) == 0) {
        Thread.sleep(10);
      }
      jvm.destroyForcibly();
    }
    assertThat(jvm.waitFor(30, TimeUnit.SECONDS)).isTrue();
    String of = Files.readString(pid);
    for (int i = 0; i < 500 && runs(of); i++) {
      Thread.sleep(10);
    }
    assertThat(runs(of)).isFalse();
  }
}
