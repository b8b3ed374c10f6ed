package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** submit.sh on an installation of empty jars, with a java that prints its arguments. */
class SubmitScriptTest {

  /** More than any system gives. */
  private static final int NO_PROCESS = 999_999_999;

  @TempDir Path home;

  @BeforeEach
  void install() throws IOException {
    Files.copy(Path.of("../submit.sh"), home.resolve("submit.sh"));
    for (String file :
        List.of(
            "pom.xml",
            "udfs/pom.xml",
            "udfs/src/main/a",
            "jobs/pom.xml",
            "jobs/src/main/a",
            "jobs/spark-jars/pom.xml",
            "target/foresight/native/native.jar",
            "target/foresight/launch/launch.class",
            "target/spark/jars/spark.jar",
            "target/spark/s3a/s3.jar",
            "jobs/target/foresight-jobs-1.jar",
            "target/foresight/classes.jsa")) {
      write(file, "");
    }
    program("bin/java");
    Files.createDirectory(home.resolve("tmp"));
  }

  private Path write(String file, String text) throws IOException {
    Files.createDirectories(home.resolve(file).getParent());
    return Files.writeString(home.resolve(file), text);
  }

  private void program(String file) throws IOException {
    program(file, "printf '%s\\n' \"$@\"");
  }

  private void program(String file, String script) throws IOException {
    assertThat(write(file, "#!/bin/sh\n" + script + "\n").toFile().setExecutable(true)).isTrue();
  }

  /** The arguments that Spark is started with. */
  private List<String> submit(Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    Process process = start(environment, args);
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(printed).isZero();
    return printed.lines().toList();
  }

  private Process start(Map<String, String> environment, String... args) throws IOException {
    List<String> command = new ArrayList<>(List.of("bash", home.resolve("submit.sh").toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("SPARK_HOME");
    builder.environment().put("TMPDIR", home.resolve("tmp").toString());
    builder.environment().remove("FORESIGHT_LOG_DIR");
    builder.environment().put("JAVA_HOME", home.toString());
    builder.environment().putAll(environment);
    return builder.start();
  }

  private List<Path> left() throws IOException {
    try (Stream<Path> files = Files.walk(home.resolve("tmp"))) {
      return files.filter(file -> file.getFileName().toString().startsWith("run-")).toList();
    }
  }

  /** Starts a java that fills its temporary folder and lives on until it is killed. */
  private Process startLiving() throws IOException {
    program(
        "bin/java",
        """
        for argument in "$@"; do
          case "$argument" in -Djava.io.tmpdir=*) touch "${argument#*=}/data" ;; esac
        done
        echo ready
        exec sleep 60""");
    Process process = start(Map.of(), "generate");
    assertThat(process.inputReader().readLine()).isEqualTo("ready");
    return process;
  }

  @Test
  void theArchiveOfClassesIsWrittenOnceAndUsedFromThenOn() throws Exception {
    Path archive = home.resolve("target/foresight/classes.jsa");
    Files.delete(archive);
    program(
        "bin/java",
        """
        for argument in "$@"; do
          case $argument in -XX:ArchiveClassesAtExit=*) echo classes > "${argument#*=}" ;; esac
        done
        printf '%s\\n' "$@"
        """);
    String use = "-XX:SharedArchiveFile=" + archive;
    assertThat(submit(Map.of(), "generate")).contains("Preparing faster starts, once.", use);
    assertThat(archive).hasContent("classes");
    assertThat(submit(Map.of(), "generate"))
        .contains(use)
        .doesNotContain("Preparing faster starts, once.");
  }

  @Test
  void aStartGoesOnWithoutAnArchive() throws Exception {
    Files.delete(home.resolve("target/foresight/classes.jsa"));
    program("bin/java", "echo no; case \"$*\" in *ArchiveClassesAtExit*) exit 1 ;; esac");
    assertThat(submit(Map.of(), "generate"))
        .containsExactly(
            "Preparing faster starts, once.",
            "Cannot prepare faster starts: no. Starts take longer; nothing else changes.",
            "no");
    assertThat(submit(Map.of(), "generate")).containsExactly("no");
  }

  @Test
  void theFolderOfAKilledProcessGoesAtTheNextStartAndThatOfALivingOneStays()
      throws IOException, InterruptedException {
    Process killed = startLiving();
    Process living = startLiving();
    assertThat(left()).hasSize(2).allSatisfy(folder -> assertThat(folder).isNotEmptyDirectory());
    killed.destroyForcibly().waitFor();
    program("bin/java");
    submit(Map.of(), "generate");
    // What prints its arguments removes nothing, as a process that is killed.
    assertThat(left()).hasSize(2).anySatisfy(f -> assertThat(f.resolve("data")).exists());
    living.destroyForcibly().waitFor();
    submit(Map.of(), "generate");
    assertThat(left()).hasSize(1).noneSatisfy(f -> assertThat(f.resolve("data")).exists());
  }

  @Test
  void theNewestLogsAreKept() throws IOException, InterruptedException {
    for (int i = 10; i < 40; i++) {
      write("logs/foresight-20250101T0000%dZ-%d.log".formatted(i, NO_PROCESS), "");
    }
    write("logs/notes.txt", "");
    List<String> submitted = submit(Map.of(), "generate");
    try (Stream<Path> logs = Files.list(home.resolve("logs"))) {
      // One place is the new one's, which is written when there is something to write.
      assertThat(logs.map(log -> log.getFileName().toString()))
          .hasSize(20)
          .contains("notes.txt", "foresight-20250101T000039Z-%d.log".formatted(NO_PROCESS))
          .doesNotContain("foresight-20250101T000020Z-%d.log".formatted(NO_PROCESS));
    }
    assertThat(submitted).anyMatch(o -> o.startsWith("-Dforesight.log=" + home.resolve("logs")));
  }

  @Test
  void aLogAndWhatCameBeforeItStayTogetherAndThoseOfLivingProcessesStay()
      throws IOException, InterruptedException {
    String living =
        "logs/foresight-20240101T000000Z-%d.log".formatted(ProcessHandle.current().pid());
    write(living, "");
    write(living + ".1", "");
    for (int i = 10; i < 31; i++) {
      String log = "logs/foresight-20250101T0000%dZ-%d.log".formatted(i, NO_PROCESS);
      write(log, "");
      write(log + ".1", "");
    }
    submit(Map.of(), "generate");
    try (Stream<Path> logs = Files.list(home.resolve("logs"))) {
      List<String> names = logs.map(log -> "logs/" + log.getFileName()).toList();
      // The newest 19 of them, and the place of the new one's.
      assertThat(names)
          .hasSize(2 + 2 * 19)
          .contains(living, living + ".1")
          .noneMatch(name -> name.contains("T000010Z") || name.contains("T000011Z"));
    }
  }

  @Test
  void copiesOfModelsGoToTheTemporaryFolderAndExecutorsKeepTheirOwnLibraries()
      throws IOException, InterruptedException {
    List<String> submitted =
        submit(
            Map.of("DJL_CACHE_DIR", "/only/here"),
            "--master",
            "local-cluster[2,1,1024]",
            "--",
            "generate");
    String folder = "-Dforesight.host.folder=" + home.resolve("tmp");
    assertThat(submitted).contains(folder);
    assertThat(submitted)
        .anyMatch(
            o -> o.startsWith("spark.executor.defaultJavaOptions") && o.contains(folder + '"'));
    assertThat(submitted).noneMatch(o -> o.contains("/only/here"));
  }

  @Test
  void aLogGoesToTheTemporaryFolderWhereTheHomeTakesNone()
      throws IOException, InterruptedException {
    write("logs", "");
    assertThat(submit(Map.of(), "generate"))
        .anyMatch(o -> o.startsWith("-Dforesight.log=" + home.resolve("tmp")));
  }

  @Test
  void sparksUiIsTheUsersToSwitch() throws IOException, InterruptedException {
    List<String> submitted = submit(Map.of(), "--conf", "spark.ui.enabled=false", "--", "generate");
    assertThat(submitted).filteredOn(o -> o.contains("spark.ui.enabled")).hasSize(1);
    assertThat(submit(Map.of(), "generate")).noneMatch(o -> o.contains("spark.ui.enabled"));
  }

  private static List<String> jars(List<String> submitted) {
    assertThat(submitted).containsOnlyOnce("--jars");
    return List.of(submitted.get(submitted.indexOf("--jars") + 1).split(","));
  }

  private String nativeJar() {
    return home.resolve("target/foresight/native/native.jar").toString();
  }

  @Test
  void optionsBeforeTheDashesAreSparksAndLaterOnesTheJobs()
      throws IOException, InterruptedException {
    List<String> submitted =
        submit(Map.of(), "--name", "two words", "--", "generate", "--limit", "1");
    String jar = home.resolve("jobs/target/foresight-jobs-1.jar").toString();
    assertThat(submitted).containsSubsequence("--name", "two words", jar);
    assertThat(submitted).endsWith(jar, "generate", "--limit", "1");
    // extraJavaOptions would be lost to a user's own.
    assertThat(submitted)
        .anyMatch(
            o -> o.startsWith("spark.executor.defaultJavaOptions=-Dai.djl.pytorch.num_threads=1"));
    assertThat(jars(submitted)).containsExactly(nativeJar());
    assertThat(submitted).noneMatch(option -> option.contains("ommit"));
  }

  @Test
  void theUsersJarsJoinItsOwn() throws IOException, InterruptedException {
    List<String> submitted =
        submit(Map.of(), "--jars", "a.jar,b.jar", "--jars=c.jar", "--", "generate");
    assertThat(jars(submitted)).containsExactly(nativeJar(), "a.jar", "b.jar", "c.jar");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--input s3a://b/x",
        "--output=s3a://b/x",
        "--set input.path=s3a://b/x",
        "--set models.target=s3a://b/x",
        "--set=models.draft=s3a://b/x",
        "--archives s3a://b/x.zip#x -- generate",
        "--variants HOME/s3.conf",
        "--config HOME/s3.conf",
        "--config=HOME/s3.conf",
        "--config HOME/pom.xml --config HOME/s3.conf"
      })
  void anS3PathBringsItsClient(String args) throws IOException, InterruptedException {
    write("s3.conf", "input.path = \"s3a://b/x\"");
    String job = args.contains(" -- ") ? args : "generate " + args;
    List<String> submitted = submit(Map.of(), job.replace("HOME", home.toString()).split(" "));
    assertThat(jars(submitted))
        .containsExactly(nativeJar(), home.resolve("target/spark/s3a/s3.jar").toString());
  }

  @Test
  void aSparkWithAnS3ClientKeepsItsOwn() throws IOException, InterruptedException {
    program("spark/bin/spark-submit");
    Map<String, String> environment = Map.of("SPARK_HOME", home.resolve("spark").toString());
    String[] args = {"generate", "--input", "s3a://b/x"};
    assertThat(jars(submit(environment, args))).hasSize(2);
    write("spark/jars/hadoop-aws-3.3.4.jar", "");
    assertThat(jars(submit(environment, args))).containsExactly(nativeJar());
  }
}
