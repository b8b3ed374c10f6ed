package io.foresight.spark.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.foresight.spark.rows.HiddenColumns;
import io.foresight.spark.rows.RowFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskKilled;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.execution.datasources.OutputWriter;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run promises, one process long; {@code KillTest} holds it over many. */
class RunTest {

  private static final Map<String, String> SETTINGS = Map.of("weight", "10");

  /** Times that {@link #changing} rows were read. */
  private static final AtomicInteger PASSES = new AtomicInteger();

  private static SparkSession spark;

  @TempDir Path temporary;

  @BeforeAll
  static void start() {
    spark = FakeWork.session("local[2]");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** A run that ends does not wait for its tasks, which may write into the folder yet. */
  @AfterEach
  void waitForTasks() throws InterruptedException {
    while (Stream.of(spark.sparkContext().statusTracker().getExecutorInfos())
        .anyMatch(executor -> executor.numRunningTasks() > 0)) {
      Thread.sleep(20);
    }
  }

  private String output() {
    return temporary.resolve("out").toString();
  }

  private RunRequest request() {
    return FakeWork.request(output(), 4, SETTINGS, "first");
  }

  private static RunRequest with(RunRequest request, UnaryOperator<Changed> change) {
    Changed changed =
        change.apply(new Changed(false, false, false, request.identity(), "first", 0.5));
    return new RunRequest(
        request.job(),
        request.verb(),
        request.output(),
        request.format(),
        changed.overwrite,
        changed.extend,
        changed.retry,
        request.shardRows(),
        changed.fraction,
        changed.identity,
        new RunRequest.InputFiles(changed.files, 1),
        request.described());
  }

  private static RunRequest over(RunRequest request, RowFormat format, long inputBytes) {
    return new RunRequest(
        request.job(),
        request.verb(),
        request.output(),
        format,
        request.overwrite(),
        request.extend(),
        request.retryErrors(),
        request.shardRows(),
        request.maxErrorFraction(),
        request.identity(),
        new RunRequest.InputFiles(request.input().fingerprint(), inputBytes),
        request.described());
  }

  private static RunRequest asJson(RunRequest request) {
    return over(request, RowFormat.JSONL, 1);
  }

  /** Plans and does some of the shards, as if the driver was killed then. */
  private static int begin(RunRequest request, Map<String, String> texts, int shards)
      throws IOException {
    try (Run run = Run.open(spark, request)) {
      Dataset<Row> input = Identified.rows(FakeWork.input(spark, texts), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> input);
      List<ShardTask> tasks = run.tasks();
      List<ShardTask> some = tasks.subList(0, Math.min(shards, tasks.size()));
      run.decode(new FakeWork(0), input.schema(), some);
      return (int) some.stream().mapToLong(ShardTask::rows).sum();
    }
  }

  private record Changed(
      boolean overwrite,
      boolean extend,
      boolean retry,
      Map<String, String> identity,
      String files,
      double fraction) {

    Changed overwriting() {
      return new Changed(true, extend, retry, identity, files, fraction);
    }

    Changed extending() {
      return new Changed(overwrite, true, retry, identity, files, fraction);
    }

    Changed retrying() {
      return new Changed(overwrite, extend, true, identity, files, fraction);
    }

    Changed identity(Map<String, String> other) {
      return new Changed(overwrite, extend, retry, other, files, fraction);
    }

    Changed files(String other) {
      return new Changed(overwrite, extend, retry, identity, other, fraction);
    }

    Changed fraction(double other) {
      return new Changed(overwrite, extend, retry, identity, files, other);
    }
  }

  private static void run(RunRequest request, Map<String, String> texts) {
    FakeWork.run(spark, request, FakeWork.input(spark, texts), 0);
  }

  private static RunException refused(RunRequest request, Map<String, String> texts) {
    return catchThrowableOfType(RunException.class, () -> run(request, texts));
  }

  private Map<String, String> seen() {
    return FakeWork.read(spark, output());
  }

  private static Map<String, String> done(Map<String, String> texts) {
    Map<String, String> done = new TreeMap<>();
    texts.forEach((id, text) -> done.put(id, text.toUpperCase(java.util.Locale.ROOT)));
    return done;
  }

  private List<String> names(String folder) throws IOException {
    try (Stream<Path> files = Files.list(Path.of(folder))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void everyRowIsThereOnceAndTheFolderHoldsNothingElse() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 50);
    run(request(), texts);
    assertThat(seen()).isEqualTo(done(texts));
    List<String> data = names(output()).stream().filter(name -> !name.startsWith("_")).toList();
    assertThat(data)
        .hasSize(13)
        .allMatch(name -> name.matches("part-\\d{5}-of-00013-\\w{8}\\.snappy\\.parquet"));
    assertThat(names(output())).contains("_SUCCESS").hasSize(15);
    assertThat(names(output() + "/_foresight")).containsExactly("rows", "run.json");
    assertThat(Files.getPosixFilePermissions(Path.of(output(), "_foresight/run.json")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void aFinishedRunAnswersWithoutReading() {
    Map<String, String> texts = FakeWork.texts(0, 10);
    run(request(), texts);
    int before = FakeWork.DONE.get();
    try (Run run = Run.open(spark, request())) {
      assertThat(run.isWhole()).isTrue();
      assertThat(run.isResumed()).isTrue();
      assertThat(run.described("summary").get("rows").asLong()).isEqualTo(10);
    }
    assertThat(FakeWork.DONE.get()).isEqualTo(before);
    // Files that were written anew with the same rows in another order are the same input.
    run(with(request(), c -> c.files("second")), texts);
    assertThat(FakeWork.DONE.get()).isEqualTo(before);
    assertThat(seen()).hasSize(10);
  }

  @Test
  void aFileThatWasTakenAwayIsNoticed() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 40);
    run(request(), texts);
    List<String> data = names(output()).stream().filter(name -> name.startsWith("part-")).toList();
    Files.delete(Path.of(output(), "_SUCCESS"));
    Files.delete(Path.of(output(), data.get(3)));
    RunException gone = refused(request(), texts);
    assertThat(gone.kind()).isEqualTo(RunException.Kind.FAILED);
    assertThat(gone).hasMessageContaining("of 40 rows");
  }

  @Test
  void whatIsThereIsNotDoneAgain() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 40);
    Path marker = temporary.resolve("failed");
    texts.put("r7", "throw-once " + marker);
    try (Run run = Run.open(spark, request())) {
      Dataset<Row> input = Identified.rows(FakeWork.input(spark, texts), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> input);
      run.decode(new FakeWork(0), input.schema());
      // The driver ends here, before the figures.
    }
    assertThat(seen()).hasSize(40);
    int before = FakeWork.DONE.get();
    run(request(), texts);
    assertThat(FakeWork.DONE.get()).isEqualTo(before);
    assertThat(Path.of(output(), "_SUCCESS")).exists();
  }

  @Test
  void aRunKeepsToTheNamesThatItBeganWith() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 40);
    int before = FakeWork.DONE.get();
    begin(request(), texts, 3);
    spark.conf().set("spark.sql.parquet.compression.codec", "zstd");
    try {
      run(request(), texts);
    } finally {
      spark.conf().unset("spark.sql.parquet.compression.codec");
    }
    assertThat(FakeWork.DONE.get() - before).isEqualTo(40);
    assertThat(seen()).isEqualTo(done(texts));
    assertThat(names(output()).stream().filter(name -> name.startsWith("part-")))
        .allMatch(name -> name.endsWith(".snappy.parquet"));
  }

  @Test
  void linesOfJsonAreResumedPutTogetherAndRetriedAsWell() throws IOException {
    Path marker = temporary.resolve("good-now");
    Map<String, String> texts = FakeWork.texts(0, 60);
    texts.put("r13", "throw always");
    texts.put("r5", "bad " + marker);
    RunRequest request = asJson(request());
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    hadoop.set("mapreduce.output.fileoutputformat.compress", "true");
    try {
      begin(request, texts, 3);
    } finally {
      hadoop.unset("mapreduce.output.fileoutputformat.compress");
    }
    run(request, texts);
    assertThat(names(output()).stream().filter(name -> name.startsWith("part-")))
        .hasSize(15)
        .allMatch(name -> name.endsWith(".json.deflate"));
    Map<String, String> seen = FakeWork.read(spark, "json", output());
    assertThat(seen).hasSize(60).containsEntry("r5", "reward: Cannot judge it.");
    assertThat(seen.get("r13")).startsWith("internal: Cannot do the row");
    Files.createFile(marker);
    run(asJson(with(request, Changed::retrying)), texts);
    Map<String, String> again = FakeWork.read(spark, "json", output());
    assertThat(again.remove("r13")).startsWith("internal: Cannot do the row");
    texts.remove("r13");
    assertThat(again).isEqualTo(done(texts));
  }

  @Test
  void aFileOfLinesThatIsNotWholeIsNotTakenForRows() throws IOException {
    RunRequest request = asJson(request());
    Map<String, String> texts = FakeWork.texts(0, 20);
    begin(request, texts, 3);
    Path part;
    try (Stream<Path> files = Files.list(Path.of(output()))) {
      part =
          files.filter(f -> f.getFileName().toString().startsWith("part-")).findAny().orElseThrow();
    }
    String lines = Files.readString(part);
    Files.writeString(part, lines.substring(0, lines.length() - 9));
    RunException refused = refused(request, texts);
    assertThat(refused.kind()).isEqualTo(RunException.Kind.STORAGE);
    assertThat(refused).hasMessageContaining("Cannot read what was written");
  }

  @Test
  void timesKeepTheirDigitsInLinesOfJson() throws IOException {
    StructType schema =
        new StructType()
            .add("at", DataTypes.TimestampType)
            .add("local", DataTypes.TimestampNTZType)
            .add("_corrupt_record", DataTypes.StringType);
    String zone = spark.conf().get("spark.sql.session.timeZone");
    // Berlin's offset had seconds then.
    spark.conf().set("spark.sql.session.timeZone", "Europe/Berlin");
    try {
      RowFiles files = RowFiles.of(spark, RowFormat.JSONL, schema, null);
      org.apache.hadoop.fs.Path path =
          new org.apache.hadoop.fs.Path(temporary.resolve("times.json").toString());
      List<Long> times = List.of(1_600_000_000_123_456L, -3_786_825_600_000_001L, 7L);
      OutputWriter writer = files.write(path);
      UTF8String text = UTF8String.fromString("kept");
      for (long time : times) {
        writer.write(new GenericInternalRow(new Object[] {time, time, text}));
      }
      writer.close();
      List<Long> read = new ArrayList<>();
      files
          .read(path)
          .forEachRemaining(
              row -> {
                assertThat(row.getLong(1)).isEqualTo(row.getLong(0));
                assertThat(row.getUTF8String(2)).isEqualTo(text);
                read.add(row.getLong(0));
              });
      assertThat(read).isEqualTo(times);
      assertThat(
              spark
                  .read()
                  .schema(schema)
                  .options(RowFormat.JSONL.options())
                  .json(path.toString())
                  .selectExpr("unix_micros(at)")
                  .as(Encoders.LONG())
                  .collectAsList())
          .isEqualTo(times);
    } finally {
      spark.conf().set("spark.sql.session.timeZone", zone);
    }
  }

  @Test
  void microsecondsTellRowsApart() {
    List<String> checksums = new ArrayList<>();
    List<String> ids = new ArrayList<>();
    for (String digits : List.of("123456", "123457")) {
      Dataset<Row> rows =
          spark.sql("select 'a' as id, timestamp'2024-05-06 07:08:09.%s' as at".formatted(digits));
      checksums.add(
          InputLayout.counted(Identified.withChecksum(Identified.rows(rows, "id"))).checksum());
      for (String id : new String[] {null, "at"}) {
        ids.add(Identified.rows(rows, id).head().getAs(HiddenColumns.ID));
      }
    }
    assertThat(checksums).doesNotHaveDuplicates();
    assertThat(ids).doesNotHaveDuplicates();
  }

  /** Rows that are other ones each time that they are read. */
  private static Dataset<Row> changing(int... rows) {
    PASSES.set(0);
    return spark.createDataFrame(
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(List.of(0), 1)
            .flatMap(
                any ->
                    IntStream.range(0, rows[Math.min(PASSES.getAndIncrement(), rows.length - 1)])
                        .mapToObj(i -> RowFactory.create("r" + i, "text " + i))
                        .iterator()),
        FakeWork.INPUT);
  }

  @Test
  void anInputThatChangesWhileItIsReadIsRefused() {
    for (int then : new int[] {12, 8}) {
      Dataset<Row> changing = changing(10, then);
      assertThatThrownBy(() -> FakeWork.run(spark, request(), changing, 0))
          .isInstanceOfSatisfying(
              RunException.class, e -> assertThat(e.kind()).isEqualTo(RunException.Kind.INPUT))
          .hasMessageContaining(
              "it changed while it was read: 10 rows were counted, and %d were there", then);
      assertThat(Path.of(output())).doesNotExist();
    }
    run(request(), FakeWork.texts(0, 12));
    RunRequest more = with(request(), c -> c.files("more").extending());
    // Counted, compared, and laid out.
    Dataset<Row> grows = changing(14, 14, 15);
    assertThatThrownBy(() -> FakeWork.run(spark, more, grows, 0))
        .hasMessageContaining("2 rows were counted, and 3 were there");
    try (Run before = Run.open(spark, request())) {
      assertThat(before.isWhole()).isTrue();
    }
    assertThat(seen()).isEqualTo(done(FakeWork.texts(0, 12)));
    run(more, FakeWork.texts(0, 14));
    assertThat(seen()).isEqualTo(done(FakeWork.texts(0, 14)));
  }

  @Test
  void whatIsNoFaultOfTheInputIsNotToldOfIt() {
    MapFunction<Row, Row> full =
        row -> {
          throw new IOException("No space left on device");
        };
    Dataset<Row> input =
        FakeWork.input(spark, FakeWork.texts(0, 5)).map(full, Encoders.row(FakeWork.INPUT));
    assertThatThrownBy(() -> FakeWork.run(spark, request(), input, 0))
        .isNotInstanceOf(RunException.class)
        .hasRootCauseMessage("No space left on device");
    assertThat(Path.of(output())).doesNotExist();
  }

  @Test
  void roomIsAskedForOnce() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 20);
    RunRequest huge = over(request(), RowFormat.PARQUET, 1L << 50);
    RunException refused = refused(huge, texts);
    assertThat(refused.kind()).isEqualTo(RunException.Kind.STORAGE);
    assertThat(refused).hasMessageContaining("MiB are free there");
    assertThat(Path.of(output())).doesNotExist();
    // What the run takes is taken when its rows lie ready.
    begin(request(), texts, 2);
    Run.check(spark, huge);
    run(huge, texts);
    assertThat(seen()).isEqualTo(done(texts));
    assertThat(
            refused(
                over(with(request(), Changed::overwriting), RowFormat.PARQUET, 1L << 50), texts))
        .hasMessageContaining("MiB are free there");
  }

  @Test
  void rowsThatLieReadySayWhatTheOutputTakes() throws IOException {
    useFailingFileSystem();
    String folder = "failing://" + temporary.resolve("small");
    RunRequest request = FakeWork.request(folder, 4, SETTINGS, "first");
    Map<String, String> texts = FakeWork.texts(0, 20);
    begin(request, texts, 2);
    FailingFileSystem.remaining = 100;
    try {
      RunException refused = refused(request, texts);
      assertThat(refused.kind()).isEqualTo(RunException.Kind.STORAGE);
      assertThat(refused).hasMessageContaining("0 MiB are free there, and the rows that are to be");
    } finally {
      FailingFileSystem.remaining = Long.MAX_VALUE;
    }
    run(request, texts);
    assertThat(FakeWork.read(spark, folder)).isEqualTo(done(texts));
  }

  @Test
  void whatWasWrittenAndCannotBeReadIsStoragesFault() throws IOException {
    run(request(), FakeWork.texts(0, 8));
    try (Stream<Path> files = Files.list(Path.of(output()))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".parquet")).toList()) {
        Files.write(file, new byte[100]);
      }
    }
    try (Run run = Run.open(spark, request())) {
      run.output(FakeWork.OUTPUT, "error");
      assertThatThrownBy(() -> run.readBack(rows -> rows.groupBy("output").count().collectAsList()))
          .isInstanceOfSatisfying(
              RunException.class, e -> assertThat(e.kind()).isEqualTo(RunException.Kind.STORAGE))
          .hasMessageContaining("Cannot read what was written to " + output());
    }
  }

  @Test
  void anUnfinishedRunIsFoundByWhoReadsTheSame() throws IOException {
    String folder = temporary.resolve("chosen").toString();
    String output = folder + "/fake-1";
    begin(FakeWork.request(output, 4, SETTINGS, "first"), FakeWork.texts(0, 20), 2);
    assertThat(found(folder, "first")).endsWith("/fake-1");
    assertThat(found(folder, "other")).isNull();
    run(FakeWork.request(output, 4, SETTINGS, "first"), FakeWork.texts(0, 20));
    assertThat(found(folder, "first")).isNull();
  }

  private static String found(String folder, String files) {
    return UnfinishedRuns.find(
        spark, folder, "fake-", SETTINGS, new RunRequest.InputFiles(files, 1));
  }

  @Test
  void whatWasDoneBeforeCounts() throws IOException {
    Path marker = temporary.resolve("good-now");
    Map<String, String> texts = FakeWork.texts(0, 40);
    for (int i = 0; i < 15; i++) {
      texts.put("r" + i, "bad " + marker);
    }
    RunRequest strict = with(request(), c -> c.fraction(0.1));
    int rows = begin(request(), texts, 6);
    try (Run run = Run.open(spark, request())) {
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> null);
      int left = (int) run.tasks().stream().mapToLong(ShardTask::rows).sum();
      assertThat(run.rowsThere()).isEqualTo(rows).isEqualTo(40 - left);
      assertThat(run.howToGoOn()).startsWith(rows + " of 40 rows are written");
    }
    int before = FakeWork.DONE.get();
    assertThat(refused(strict, texts).kind()).isEqualTo(RunException.Kind.TOO_MANY_ERRORS);
    assertThat(FakeWork.DONE.get()).as("it was known").isEqualTo(before);
    run(request(), texts);
    // What is done again is no error yet.
    Files.createFile(marker);
    try (Run run = Run.open(spark, with(strict, c -> c.fraction(0.1).retrying()))) {
      Dataset<Row> input = Identified.rows(FakeWork.input(spark, texts), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> input);
      run.decode(new FakeWork(0), input.schema());
      assertThat(run.rowsThere()).isEqualTo(40);
      run.requireWhole();
      run.finish(new ObjectMapper().createObjectNode());
    }
    assertThat(seen()).isEqualTo(done(texts));
    Map<String, String> more = FakeWork.texts(0, 50);
    more.putAll(texts);
    try (Run run = Run.open(spark, with(request(), c -> c.files("more").extending()))) {
      Dataset<Row> input = Identified.rows(FakeWork.input(spark, more), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> input);
      run.decode(new FakeWork(0), input.schema());
      assertThat(run.rowsThere()).isEqualTo(50);
    }
  }

  @Test
  void aRowThatIsAppendedAgainIsRefused() {
    Map<String, String> texts = FakeWork.texts(0, 10);
    run(request(), texts);
    RunRequest more = with(request(), c -> c.files("more").extending());
    for (Map<String, String> appended :
        List.of(FakeWork.texts(3, 5), Map.of("r3", "another", "r4", "text"))) {
      Dataset<Row> input =
          FakeWork.input(spark, FakeWork.texts(0, 12)).union(FakeWork.input(spark, appended));
      assertThatThrownBy(() -> FakeWork.run(spark, more, input, 0))
          .isInstanceOfSatisfying(
              RunException.class, e -> assertThat(e.kind()).isEqualTo(RunException.Kind.INPUT))
          .hasMessageContaining("2 ids stand in several rows, for example r3, r4");
      assertThat(seen()).isEqualTo(done(texts));
    }
  }

  @Test
  void aTaskAndItsSpeculativeCopyWriteOneFile() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 24);
    try (Run run = Run.open(spark, request())) {
      Dataset<Row> input = Identified.rows(FakeWork.input(spark, texts), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> input);
      List<ShardTask> twice = new ArrayList<>();
      for (ShardTask task : run.tasks()) {
        twice.addAll(List.of(task, task));
      }
      int before = FakeWork.DONE.get();
      // Two at a time, so that the copies of each run beside each other.
      run.decode(new FakeWork(20), input.schema(), twice);
      assertThat(FakeWork.DONE.get() - before).isGreaterThan(24);
      run.requireWhole();
    }
    assertThat(seen()).isEqualTo(done(texts));
  }

  /** Tasks beside each other, as copies of one task are that Spark starts. */
  private static List<ShardResult> sideBySide(ShardWork work, ShardTask... tasks) {
    return RowFiles.propagated(
        spark,
        () ->
            JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(List.of(tasks), tasks.length)
                .map(work::run)
                .collect());
  }

  private static ShardTask of(
      ShardTask whole, ShardTask.Work work, long from, long to, Path output, List<Path> parts) {
    return new ShardTask(
        work,
        "%s_%s_%d".formatted(whole.name(), work, from),
        whole.input(),
        whole.index(),
        whole.again(),
        from,
        to,
        new org.apache.hadoop.fs.Path(output.toUri()),
        parts.stream().map(part -> new org.apache.hadoop.fs.Path(part.toUri())).toList(),
        null,
        null,
        0,
        List.of());
  }

  @Test
  void copiesOfAMergeWriteOneFile() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 24);
    ShardTask whole;
    try (Run run = Run.open(spark, request())) {
      Dataset<Row> input = Identified.rows(FakeWork.input(spark, texts), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> input);
      whole = run.tasks().stream().filter(task -> task.rows() > 1).findFirst().orElseThrow();
    }
    Path scratch = temporary.resolve("scratch");
    ShardWork work = FakeWork.shards(spark, scratch, 0);
    Path first = scratch.resolve("parts/first.parquet");
    Path others = scratch.resolve("parts/others.parquet");
    sideBySide(
        work,
        of(whole, ShardTask.Work.PART, 0, 1, first, List.of()),
        of(whole, ShardTask.Work.PART, 1, whole.rows(), others, List.of()));
    ShardTask merge =
        of(
            whole,
            ShardTask.Work.MERGE,
            0,
            whole.rows(),
            Path.of(whole.output().toUri()),
            List.of(first, others));
    assertThat(sideBySide(work, merge, merge))
        .extracting(ShardResult::rows)
        .containsExactly(whole.rows(), whole.rows());
    assertThat(seen()).hasSize((int) whole.rows());
    assertThat(done(texts)).containsAllEntriesOf(seen());
    assertThat(names(scratch.toString())).containsExactly("alive", "parts");
    assertThat(names(scratch.resolve("parts").toString()))
        .containsExactly("first.parquet", "others.parquet");
  }

  @Test
  void copiesOfARetryWriteOneFile() throws IOException {
    Path marker = temporary.resolve("good-now");
    Map<String, String> texts = FakeWork.texts(0, 24);
    for (int i = 0; i < 10; i++) {
      texts.put("r" + i, "bad " + marker);
    }
    run(request(), texts);
    Files.createFile(marker);
    List<ShardTask> tasks;
    try (Run run = Run.open(spark, with(request(), Changed::retrying))) {
      run.output(FakeWork.OUTPUT, "error");
      tasks = run.tasks();
    }
    ShardWork work = FakeWork.shards(spark, temporary.resolve("scratch"), 20);
    for (ShardTask task : tasks) {
      assertThat(sideBySide(work, task, task))
          .extracting(ShardResult::outcome)
          .containsOnly(ShardResult.Outcome.DONE);
    }
    assertThat(seen()).isEqualTo(done(texts));
    assertThat(names(temporary.resolve("scratch").toString())).containsExactly("alive", "parts");
  }

  @Test
  void aRowThatFailsWhenItIsDoneAgainIsAnErrorRowAndNoOtherIs() throws IOException {
    Path marker = temporary.resolve("good-now");
    Map<String, String> texts = new TreeMap<>();
    for (int i = 0; i < 40; i++) {
      texts.put("r" + i, "bad " + marker);
    }
    texts.put("r13", "bad-then-throw " + marker);
    RunRequest request = with(request(), c -> c.fraction(1));
    run(request, texts);
    assertThat(seen().values()).containsOnly("reward: Cannot judge it.");
    Files.createFile(marker);
    run(with(request(), c -> c.fraction(1).retrying()), texts);
    Map<String, String> seen = seen();
    assertThat(seen.remove("r13"))
        .startsWith(
            "internal: Cannot do the row: it fails wherever it is done: the model fails on r13.");
    texts.remove("r13");
    assertThat(seen).isEqualTo(done(texts));
  }

  @Test
  void aTaskThatIsKilledStopsWithoutAnInterruption() throws Exception {
    Path marker = temporary.resolve("good-now");
    Map<String, String> texts = new TreeMap<>();
    for (int i = 0; i < 80; i++) {
      texts.put("r" + i, "bad " + marker);
    }
    run(with(request(), c -> c.fraction(1)), texts);
    ShardTask retry;
    try (Run run = Run.open(spark, with(request(), Changed::retrying))) {
      run.output(FakeWork.OUTPUT, "error");
      retry = run.tasks().get(0);
    }
    ShardWork work = FakeWork.shards(spark, temporary.resolve("scratch"), 500);
    CountDownLatch killed = new CountDownLatch(1);
    SparkListener listener =
        new SparkListener() {
          @Override
          public void onTaskEnd(SparkListenerTaskEnd end) {
            if (end.reason() instanceof TaskKilled) {
              killed.countDown();
            }
          }
        };
    spark.sparkContext().addSparkListener(listener);
    int before = FakeWork.DONE.get();
    Thread job =
        new Thread(
            () -> {
              spark.sparkContext().setJobGroup("killed", "killed", false);
              assertThatThrownBy(() -> sideBySide(work, retry)).hasMessageContaining("cancelled");
            });
    job.start();
    while (FakeWork.DONE.get() == before) {
      Thread.sleep(10);
    }
    spark.sparkContext().cancelJobGroup("killed");
    killed.await();
    assertThat(FakeWork.DONE.get() - before).isLessThan(3);
    spark.sparkContext().removeSparkListener(listener);
    job.join();
  }

  @Test
  void whoIsInterruptedIsToldSoAndItsJobEnds() throws InterruptedException {
    Map<String, String> texts = FakeWork.texts(0, 200);
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    int before = FakeWork.DONE.get();
    Thread driver =
        new Thread(
            () ->
                thrown.set(
                    catchThrowable(
                        () -> FakeWork.run(spark, request(), FakeWork.input(spark, texts), 50))));
    driver.start();
    while (FakeWork.DONE.get() == before) {
      Thread.sleep(10);
    }
    driver.interrupt();
    driver.join();
    assertThat(thrown.get())
        .isInstanceOfSatisfying(
            RunException.class, e -> assertThat(e.kind()).isEqualTo(RunException.Kind.INTERRUPTED));
    while (spark.sparkContext().statusTracker().getActiveJobIds().length > 0) {
      Thread.sleep(10);
    }
    assertThat(FakeWork.DONE.get() - before).isLessThan(200);
    run(request(), texts);
    assertThat(seen()).isEqualTo(done(texts));
  }

  @Test
  void anotherIdentityIsRefusedWithEachDifference() {
    run(request(), FakeWork.texts(0, 5));
    RunException refused =
        refused(
            with(request(), c -> c.identity(Map.of("weight", "20", "strategy", "greedy"))),
            FakeWork.texts(0, 5));
    assertThat(refused.kind()).isEqualTo(RunException.Kind.TAKEN);
    assertThat(refused)
        .hasMessageContaining("weight was 10 and is 20")
        .hasMessageContaining("strategy was not set and is greedy");
    assertThat(seen()).hasSize(5);
  }

  @Test
  void whatNoRunWroteIsLeftAlone() throws IOException {
    Files.createDirectories(Path.of(output()));
    Files.writeString(Path.of(output(), "notes.txt"), "mine");
    RunException refused = refused(request(), FakeWork.texts(0, 5));
    assertThat(refused.kind()).isEqualTo(RunException.Kind.TAKEN);
    assertThat(names(output())).containsExactly("notes.txt");
  }

  @Test
  void rowsThatTheInputHasGainedAreDoneIfAskedFor() {
    Map<String, String> texts = FakeWork.texts(0, 20);
    run(request(), texts);
    Map<String, String> more = FakeWork.texts(0, 26);
    more.remove("r3");
    more.put("r4", "another text");
    RunException refused = refused(with(request(), c -> c.files("more")), more);
    assertThat(refused.kind()).isEqualTo(RunException.Kind.TAKEN);
    assertThat(refused)
        .hasMessageContaining("6 rows are new (such as id r20)")
        .hasMessageContaining("1 row is gone (such as id r3)")
        .hasMessageContaining("1 row is changed (such as id r4)");
    assertThat(seen()).isEqualTo(done(texts));
    int before = FakeWork.DONE.get();
    run(with(request(), c -> c.files("more").extending()), more);
    assertThat(FakeWork.DONE.get() - before).isEqualTo(6);
    Map<String, String> both = FakeWork.texts(0, 26);
    assertThat(seen()).isEqualTo(done(both));
    // And again, from there.
    Map<String, String> most = FakeWork.texts(0, 27);
    run(with(request(), c -> c.files("most").extending()), most);
    assertThat(seen()).isEqualTo(done(most));
    assertThat(FakeWork.DONE.get() - before).isEqualTo(7);
  }

  @Test
  void idsThatStandTwiceOrNowhereAreRefusedAndLeaveNothingInTheWay() {
    Dataset<Row> twice =
        FakeWork.input(spark, FakeWork.texts(0, 5))
            .union(FakeWork.input(spark, FakeWork.texts(3, 6)));
    assertThatThrownBy(() -> FakeWork.run(spark, request(), twice, 0))
        .isInstanceOf(RunException.class)
        .hasMessageContaining("2 ids stand in several rows, for example r3");
    Dataset<Row> none =
        FakeWork.input(spark, Collections.singletonMap(null, "a"))
            .union(FakeWork.input(spark, FakeWork.texts(0, 2)));
    assertThatThrownBy(() -> FakeWork.run(spark, with(request(), c -> c.files("b")), none, 0))
        .isInstanceOf(RunException.class)
        .hasMessageContaining("1 rows have none");
    assertThat(Path.of(output())).doesNotExist();
    run(with(request(), c -> c.files("c")), FakeWork.texts(0, 5));
    assertThat(seen()).hasSize(5);
  }

  @Test
  void anExtensionThatIsRefusedLeavesTheRunWhole() {
    Map<String, String> texts = FakeWork.texts(0, 8);
    run(request(), texts);
    RunRequest more = with(request(), c -> c.files("more").extending());
    Dataset<Row> twice =
        FakeWork.input(spark, FakeWork.texts(0, 10))
            .union(FakeWork.input(spark, FakeWork.texts(9, 10)));
    for (int i = 0; i < 2; i++) {
      // It is told each time, and not taken for done.
      assertThatThrownBy(() -> FakeWork.run(spark, more, twice, 0))
          .isInstanceOf(RunException.class)
          .hasMessageContaining("1 ids stand in several rows, for example r9");
      assertThat(Path.of(output(), "_SUCCESS")).exists();
      assertThat(seen()).isEqualTo(done(texts));
    }
    run(more, FakeWork.texts(0, 10));
    assertThat(seen()).isEqualTo(done(FakeWork.texts(0, 10)));
  }

  @Test
  void anOldOutputIsThereUntilTheNewOneIs() throws IOException {
    Map<String, String> old = FakeWork.texts(0, 10);
    run(request(), old);
    Map<String, String> texts = FakeWork.texts(100, 140);
    RunRequest other =
        with(request(), c -> c.overwriting().identity(Map.of("weight", "5")).files("new"));
    try (Run run = Run.open(spark, other)) {
      Dataset<Row> input = Identified.rows(FakeWork.input(spark, texts), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> input);
      run.decode(new FakeWork(0), input.schema());
      assertThat(seen()).isEqualTo(done(old));
      assertThat(Path.of(output(), "_SUCCESS")).exists();
    }
    int before = FakeWork.DONE.get();
    run(other, texts);
    assertThat(FakeWork.DONE.get()).as("it went on").isEqualTo(before);
    assertThat(seen()).isEqualTo(done(texts));
    assertThat(names(output() + "/_foresight")).containsExactly("rows", "run.json");
    // What is replaced may be anybody's.
    String strange = temporary.resolve("strange").toString();
    Files.createDirectories(Path.of(strange, "a=1"));
    Files.writeString(Path.of(strange, "a=1", "x.csv"), "x");
    RunRequest over = FakeWork.request(strange, 4, SETTINGS, "first");
    run(with(over, Changed::overwriting), old);
    assertThat(FakeWork.read(spark, strange)).isEqualTo(done(old));
    assertThat(names(strange)).doesNotContain("a=1");
  }

  @Test
  void aRefusedRunHarmsNoOther() throws IOException {
    run(request(), FakeWork.texts(0, 10));
    Map<String, String> texts = FakeWork.texts(100, 120);
    Map<String, String> identity = Map.of("weight", "5");
    RunRequest other = with(request(), c -> c.overwriting().identity(identity).files("new"));
    try (Run run = Run.open(spark, other)) {
      Dataset<Row> input = Identified.rows(FakeWork.input(spark, texts), "id");
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> input);
      run.decode(new FakeWork(0), input.schema());
    }
    // As if it was killed when all was said and done, but for taking the old one's place.
    Files.createFile(Path.of(output(), "_foresight/next/_SUCCESS"));
    RunException refused =
        refused(with(request(), c -> c.identity(Map.of("weight", "7"))), FakeWork.texts(0, 10));
    assertThat(refused.kind()).isEqualTo(RunException.Kind.TAKEN);
    assertThat(refused).hasMessageContaining("weight was 5 and is 7");
    assertThat(seen()).isEqualTo(done(texts));
    assertThat(names(output() + "/_foresight")).containsExactly("rows", "run.json");
    try (Run run = Run.open(spark, with(request(), c -> c.identity(identity).files("new")))) {
      assertThat(run.isWhole()).isTrue();
    }
  }

  /** Replaces what is there, but for taking its place. */
  private RunRequest staged(Map<String, String> texts) throws IOException {
    RunRequest other =
        with(request(), c -> c.overwriting().identity(Map.of("weight", "5")).files("new"));
    begin(other, texts, Integer.MAX_VALUE);
    try (Run run = Run.open(spark, other)) {
      run.output(FakeWork.OUTPUT, "error");
      run.plan(() -> null);
      run.requireWhole();
    }
    return other;
  }

  @Test
  void whatWasKilledWhileItTookTheOldPlaceIsWhole() throws IOException {
    run(request(), FakeWork.texts(0, 10));
    Map<String, String> texts = FakeWork.texts(100, 140);
    RunRequest other = staged(texts);
    Path hidden = Path.of(output(), "_foresight");
    Files.createFile(hidden.resolve("next/_SUCCESS"));
    // Where folders have no renames, some of their files have been moved.
    Path rows = hidden.resolve("next/_foresight/rows");
    Path segment;
    try (Stream<Path> segments = Files.list(rows)) {
      segment = segments.findAny().orElseThrow();
    }
    Path moved = hidden.resolve("rows").resolve(segment.getFileName());
    Files.createDirectories(moved);
    for (String name : names(segment.toString()).subList(0, 3)) {
      Files.move(segment.resolve(name), moved.resolve(name));
    }
    int before = FakeWork.DONE.get();
    run(other, texts);
    assertThat(FakeWork.DONE.get()).isEqualTo(before);
    assertThat(seen()).isEqualTo(done(texts));
    assertThat(names(output() + "/_foresight")).containsExactly("rows", "run.json");
    assertThat(names(output() + "/_foresight/rows")).hasSize(1);
    RunPaths home = new RunPaths(new org.apache.hadoop.fs.Path(output()));
    RunFiles files = RunFiles.of(home.root(), spark.sparkContext().hadoopConfiguration());
    assertThat(InputChanges.index(spark, files, home).count()).isEqualTo(40);
    // Killed before the last of the old one was deleted.
    Files.createDirectories(hidden.resolve("old"));
    run(other, texts);
    assertThat(FakeWork.DONE.get()).isEqualTo(before);
    // All was done, and it is asked for again.
    run(other, texts);
    assertThat(FakeWork.DONE.get() - before).isEqualTo(40);
  }

  @Test
  void tasksOfARunThatIsReplacedCommitNothing() throws IOException {
    begin(request(), FakeWork.texts(0, 20), 2);
    Path hidden = Path.of(output(), "_foresight");
    Path alive = hidden.resolve("tmp/gone/alive");
    Files.createDirectories(alive.getParent());
    Files.createFile(alive);
    Map<String, String> texts = FakeWork.texts(100, 120);
    RunRequest other =
        with(request(), c -> c.overwriting().identity(Map.of("weight", "5")).files("new"));
    try (Run run = Run.open(spark, other)) {
      assertThat(alive).doesNotExist();
      assertThat(run.isResumed()).isFalse();
    }
    run(other, texts);
    assertThat(seen()).isEqualTo(done(texts));
    assertThat(names(output() + "/_foresight")).containsExactly("rows", "run.json");
  }

  @Test
  void anInputThatHasChangedIsNoReasonToRefuseAnOverwritingRun() throws IOException {
    run(request(), FakeWork.texts(0, 10));
    staged(FakeWork.texts(100, 120));
    Map<String, String> texts = FakeWork.texts(200, 210);
    run(
        with(request(), c -> c.overwriting().identity(Map.of("weight", "5")).files("newer")),
        texts);
    assertThat(seen()).isEqualTo(done(texts));
  }

  @Test
  void aViewOfAnotherFileSystemIsThatOne() throws IOException {
    Path data = Files.createDirectory(temporary.resolve("data"));
    spark
        .sparkContext()
        .hadoopConfiguration()
        .set("fs.viewfs.mounttable.runs.link./data", data.toUri().toString());
    Map<String, String> texts = FakeWork.texts(0, 10);
    run(FakeWork.request("viewfs://runs/data/out", 4, SETTINGS, "first"), texts);
    assertThat(FakeWork.read(spark, data.resolve("out").toString())).isEqualTo(done(texts));
    try (Run run =
        Run.open(spark, FakeWork.request("viewfs://runs/data/out", 4, SETTINGS, "first"))) {
      assertThat(run.isWhole()).isTrue();
    }
  }

  @Test
  void throughALinkItIsTheSameFolder() throws IOException {
    run(request(), FakeWork.texts(0, 5));
    Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of(output()));
    try (Run run = Run.open(spark, FakeWork.request(link.toString(), 4, SETTINGS, "first"))) {
      assertThat(run.isWhole()).isTrue();
    }
    run(
        with(
            FakeWork.request(link.toString(), 4, SETTINGS, "first"),
            c -> c.overwriting().identity(Map.of("weight", "1"))),
        FakeWork.texts(0, 7));
    assertThat(Files.isSymbolicLink(link)).isTrue();
    assertThat(seen()).hasSize(7);
  }

  @Test
  void aNameIsNoPattern() {
    String one = temporary.resolve("o1").toString();
    String two = temporary.resolve("o[1]").toString();
    run(FakeWork.request(one, 4, SETTINGS, "first"), FakeWork.texts(0, 9));
    run(FakeWork.request(two, 4, SETTINGS, "first"), FakeWork.texts(0, 3));
    assertThat(FakeWork.read(spark, two)).hasSize(3);
    try (Run run = Run.open(spark, FakeWork.request(two, 4, SETTINGS, "first"))) {
      run.output(FakeWork.OUTPUT, "error");
      assertThat(run.<Long>readBack(Dataset::count)).isEqualTo(3);
    }
  }

  @Test
  void aRowThatFailsEverywhereIsAnErrorRow() {
    Map<String, String> texts = FakeWork.texts(0, 60);
    texts.put("r13", "throw always");
    run(request(), texts);
    Map<String, String> seen = seen();
    assertThat(seen).hasSize(60);
    assertThat(seen.remove("r13"))
        .startsWith(
            "internal: Cannot do the row: it fails wherever it is done: the model fails on r13.");
    texts.remove("r13");
    assertThat(seen).isEqualTo(done(texts));
  }

  @Test
  void whatFailsEveryShardEndsTheRun() {
    Map<String, String> texts = new TreeMap<>();
    for (int i = 0; i < 60; i++) {
      texts.put("r" + i, "throw");
    }
    RunException ended = refused(request(), texts);
    assertThat(ended.kind()).isEqualTo(RunException.Kind.FAILED);
    assertThat(ended)
        .hasMessageContaining("shards failed in turn")
        .hasMessageContaining("the model fails on");
  }

  @Test
  void errorRowsAreDoneAgainIfAskedFor() throws IOException {
    Path marker = temporary.resolve("good-now");
    Map<String, String> texts = FakeWork.texts(0, 30);
    texts.put("r5", "bad " + marker);
    texts.put("r6", "bad " + marker);
    run(request(), texts);
    assertThat(seen()).containsEntry("r5", "reward: Cannot judge it.").hasSize(30);
    Files.createFile(marker);
    int before = FakeWork.DONE.get();
    run(request(), texts);
    assertThat(FakeWork.DONE.get()).isEqualTo(before);
    run(with(request(), Changed::retrying), texts);
    assertThat(FakeWork.DONE.get() - before).isEqualTo(2);
    assertThat(seen()).isEqualTo(done(texts));
    assertThat(Path.of(output(), "_SUCCESS")).exists();
  }

  @Test
  void anIndexThatCannotBeReadIsStoragesFault() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 12);
    texts.put("r5", "bad /no/such/file");
    run(request(), texts);
    try (Stream<Path> files = Files.walk(Path.of(output(), "_foresight/rows"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 4, 24, (byte) 0xff);
        Files.write(file, bytes);
      }
    }
    RunRequest more = with(request(), c -> c.files("more").extending());
    for (RunRequest reading : List.of(with(request(), Changed::retrying), more)) {
      RunException refused = refused(reading, FakeWork.texts(0, 13));
      assertThat(refused.kind()).isEqualTo(RunException.Kind.STORAGE);
      assertThat(refused)
          .hasMessageMatching(
              "Cannot read \\S+/out/_foresight/rows/\\S+, which says what rows the run has: .*"
                  + "put a copy in its place, or do all rows anew by --overwrite.*");
    }
    assertThat(seen()).hasSize(12);
  }

  @Test
  void anIndexThatLacksRowsMakesNoneOfThemNew() throws IOException {
    Map<String, String> texts = FakeWork.texts(0, 12);
    run(request(), texts);
    try (Stream<Path> files = Files.walk(Path.of(output(), "_foresight/rows"))) {
      Files.delete(files.filter(f -> f.toString().endsWith(".parquet")).findAny().orElseThrow());
    }
    RunException refused =
        refused(with(request(), c -> c.files("more").extending()), FakeWork.texts(0, 13));
    assertThat(refused.kind()).isEqualTo(RunException.Kind.STORAGE);
    assertThat(refused).hasMessageMatching("Cannot read \\S+, which .*: \\d+ of 12 are there.*");
    assertThat(seen()).isEqualTo(done(texts));
  }

  @Test
  void errorRowsAreReplacedInOneStepWhereThereAreNoRenames() throws IOException {
    useFailingFileSystem();
    Path marker = temporary.resolve("good-now");
    Map<String, String> texts = FakeWork.texts(0, 20);
    for (int i = 0; i < 5; i++) {
      texts.put("r" + i, "bad " + marker);
    }
    String folder = "failing://" + temporary.resolve("retried");
    RunRequest request = FakeWork.request(folder, 4, SETTINGS, "first");
    run(request, texts);
    Files.createFile(marker);
    List<String> ends = new ArrayList<>();
    for (int at = 0; !ends.contains("finished"); at++) {
      FailingFileSystem.failAt(at, at % 2 == 0);
      try {
        run(with(request, Changed::retrying), texts);
        ends.add(FailingFileSystem.failed() ? "survived" : "finished");
      } catch (RunException e) {
        assertThat(e.kind()).as(e.getMessage()).isEqualTo(RunException.Kind.STORAGE);
        ends.add("STORAGE");
      }
      FailingFileSystem.failAt(Integer.MAX_VALUE, false);
      Map<String, String> seen = FakeWork.read(spark, folder);
      assertThat(seen).as("after failure " + at).hasSize(20);
      seen.forEach(
          (id, what) -> assertThat(what).isIn(done(texts).get(id), "reward: Cannot judge it."));
    }
    assertThat(ends).contains("STORAGE").hasSizeGreaterThan(8);
    assertThat(FakeWork.read(spark, folder)).isEqualTo(done(texts));
  }

  private static void useFailingFileSystem() {
    spark
        .sparkContext()
        .hadoopConfiguration()
        .set("fs.failing.impl", FailingFileSystem.class.getName());
    FailingFileSystem.failAt(Integer.MAX_VALUE, false);
  }

  /** Rows of a run that need not be done again, or all of them if it has taken its place. */
  private static int committed(Path output, String weight, int all) throws IOException {
    Path hidden = output.resolve("_foresight");
    boolean published =
        Files.exists(hidden.resolve("next/_SUCCESS")) || Files.exists(hidden.resolve("old"));
    if (published) {
      return all;
    }
    Path next = hidden.resolve("next");
    Path manifest = next.resolve("_foresight/run.json");
    if (!Files.exists(manifest)
        || !new ObjectMapper()
            .readTree(manifest.toFile())
            .at("/identity/weight")
            .asText()
            .equals(weight)) {
      return 0;
    }
    return FakeWork.read(spark, next.toString()).size();
  }

  @Test
  void aRunWithTooManyErrorsEndsAndKeepsWhatIsThere() {
    Map<String, String> texts = FakeWork.texts(0, 40);
    for (int i = 0; i < 15; i++) {
      texts.put("r" + i, "bad /no/such/file");
    }
    RunException ended = refused(with(request(), c -> c.fraction(0.2)), texts);
    assertThat(ended.kind()).isEqualTo(RunException.Kind.TOO_MANY_ERRORS);
    assertThat(Path.of(output(), "_SUCCESS")).doesNotExist();
    assertThat(seen()).isNotEmpty();
    run(with(request(), c -> c.fraction(0.5)), texts);
    assertThat(seen()).hasSize(40);
  }

  @Test
  void storageThatFailsAnywhereLosesNothing() throws IOException {
    useFailingFileSystem();
    Map<String, String> old = FakeWork.texts(0, 6);
    Map<String, String> texts = FakeWork.texts(0, 12);
    String folder = "failing://" + temporary.resolve("failing");
    FakeWork.run(
        spark, FakeWork.request(folder, 4, SETTINGS, "old"), FakeWork.input(spark, old), 0);
    Map<String, String> whole = FakeWork.read(spark, folder);
    List<String> ends = new ArrayList<>();
    // Every change that a run makes to its storage fails once, before or after it has been made.
    int step = 1;
    boolean finished = false;
    for (int at = 0; !finished; at += step) {
      Map<String, String> settings = Map.of("weight", String.valueOf(at));
      RunRequest request =
          with(
              FakeWork.request(folder, 6, settings, "new"),
              c -> c.overwriting().identity(settings).files("new"));
      FailingFileSystem.failAt(at, at % 2 == 0);
      try {
        FakeWork.run(spark, request, FakeWork.input(spark, texts), 0);
        finished = !FailingFileSystem.failed();
        ends.add("finished");
      } catch (RunException e) {
        ends.add(e.kind().toString());
        assertThat(e.kind()).as(e.getMessage()).isEqualTo(RunException.Kind.STORAGE);
      }
      FailingFileSystem.failAt(Integer.MAX_VALUE, false);
      Map<String, String> now = FakeWork.read(spark, folder);
      boolean success = Files.exists(temporary.resolve("failing/_SUCCESS"));
      if (success) {
        assertThat(now.equals(whole) || now.equals(done(texts))).as("after " + at).isTrue();
      }
      int open = texts.size() - committed(temporary.resolve("failing"), "" + at, texts.size());
      int before = FakeWork.DONE.get();
      FakeWork.run(spark, request, FakeWork.input(spark, texts), 0);
      assertThat(FakeWork.DONE.get() - before).as("after failure " + at).isEqualTo(open);
      whole = FakeWork.read(spark, folder);
      assertThat(whole).as("after failure " + at).isEqualTo(done(texts));
      // Odd, so that changes fail before and after they are made.
      step = at < 4 ? 1 : 11;
    }
    assertThat(ends).contains("STORAGE").hasSizeGreaterThan(8);
  }
}
