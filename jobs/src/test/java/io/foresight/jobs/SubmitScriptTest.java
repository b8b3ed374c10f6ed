package io.foresight.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** submit.sh on an installation of empty jars, with a java that prints its arguments. */
class SubmitScriptTest {

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
            "target/spark/jars/spark.jar",
            "target/spark/s3a/s3.jar",
            "jobs/target/foresight-jobs-1.jar")) {
      write(file, "");
    }
    program("bin/java");
  }

  private Path write(String file, String text) throws IOException {
    Files.createDirectories(home.resolve(file).getParent());
    return Files.writeString(home.resolve(file), text);
  }

  private void program(String file) throws IOException {
    assertThat(write(file, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").toFile().setExecutable(true))
        .isTrue();
  }

  /** The arguments that Spark is started with. */
  private List<String> submit(Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("bash", home.resolve("submit.sh").toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("SPARK_HOME");
    builder.environment().put("JAVA_HOME", home.toString());
    builder.environment().putAll(environment);
    Process process = builder.start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(printed).isZero();
    return printed.lines().toList();
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
    assertThat(submitted).contains("spark.hadoop.fs.s3a.committer.name=magic");
  }

  @Test
  void aSparkWithAnS3ClientKeepsItsOwn() throws IOException, InterruptedException {
    program("spark/bin/spark-submit");
    Map<String, String> environment = Map.of("SPARK_HOME", home.resolve("spark").toString());
    String[] args = {"generate", "--input", "s3a://b/x"};
    assertThat(jars(submit(environment, args))).hasSize(2);
    write("spark/jars/hadoop-aws-3.3.4.jar", "");
    List<String> own = submit(environment, args);
    assertThat(jars(own)).containsExactly(nativeJar());
    assertThat(own).as("without the classes for it").noneMatch(o -> o.contains("committer"));
    write("spark/jars/spark-hadoop-cloud_2.12-3.5.7.jar", "");
    assertThat(submit(environment, args)).contains("spark.hadoop.fs.s3a.committer.name=magic");
  }

  @Test
  void theUsersCommitterWins() throws IOException, InterruptedException {
    String own = "spark.hadoop.fs.s3a.committer.name=directory";
    List<String> submitted =
        submit(Map.of(), "--conf", own, "--", "generate", "--output", "s3a://b/x");
    // Of settings that are given twice, Spark takes the last.
    assertThat(submitted).containsSubsequence("spark.hadoop.fs.s3a.committer.name=magic", own);
  }
}
