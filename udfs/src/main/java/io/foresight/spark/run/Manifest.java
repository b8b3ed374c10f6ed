package io.foresight.spark.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.fs.Path;

/**
 * {@code run.json}: a run's identity, which is written first, its plan, and its figures at last.
 */
final class Manifest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final ObjectNode json;

  private Manifest(ObjectNode json) {
    this.json = json;
  }

  /** Of a run that starts. */
  static Manifest of(RunRequest request) {
    ObjectNode json = JSON.createObjectNode();
    json.put("job", request.job());
    json.put("state", "planning");
    json.put("started", now());
    json.setAll(request.described());
    ObjectNode identity = json.putObject("identity");
    new TreeMap<>(request.identity()).forEach(identity::put);
    return new Manifest(json);
  }

  /**
   * The one that is there.
   *
   * @return {@code null} if there is none, or none that a run of this kind wrote
   */
  static Manifest read(RunFiles files, RunPaths paths) throws IOException {
    byte[] bytes = files.read(paths.manifest());
    if (bytes == null) {
      return null;
    }
    try {
      return JSON.readTree(bytes) instanceof ObjectNode json && json.has("identity")
          ? new Manifest(json)
          : null;
    } catch (IOException e) {
      // No run of ours wrote it, since ours appear whole.
      return null;
    }
  }

  void write(RunFiles files, RunPaths paths) throws IOException {
    files.writeWhole(
        paths.manifest(),
        (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8),
        new Path(paths.hidden(), "run.json.tmp"));
  }

  private static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** Identity by name. */
  Map<String, String> identity() {
    Map<String, String> identity = new TreeMap<>();
    json.get("identity")
        .fields()
        .forEachRemaining(e -> identity.put(e.getKey(), e.getValue().asText()));
    return identity;
  }

  /** Each name whose value is another one now, with both. */
  List<String> differences(Map<String, String> now) {
    Map<String, String> before = identity();
    TreeSet<String> names = new TreeSet<>(before.keySet());
    names.addAll(now.keySet());
    List<String> differences = new ArrayList<>();
    for (String name : names) {
      String old = before.get(name);
      String other = now.get(name);
      if (old == null || !old.equals(other)) {
        differences.add(
            "%s was %s and is %s"
                .formatted(name, old == null ? "not set" : old, other == null ? "not set" : other));
      }
    }
    return differences;
  }

  /** Whether it is of the same identity, and over the same files as far as it has read any. */
  boolean isOf(Map<String, String> now, RunRequest.InputFiles input) {
    return differences(now).isEmpty()
        && (inputFingerprint().isEmpty() || inputFingerprint().equals(input.fingerprint()));
  }

  /** The input's files as they were when its rows were last counted. */
  String inputFingerprint() {
    return json.at("/input/files").asText();
  }

  long inputRows() {
    return json.at("/input/rows").asLong();
  }

  String inputChecksum() {
    return json.at("/input/checksum").asText();
  }

  void input(String fingerprint, long rows, String checksum) {
    json.putObject("input").put("files", fingerprint).put("rows", rows).put("checksum", checksum);
  }

  List<Segment> segments() {
    List<Segment> segments = new ArrayList<>();
    for (JsonNode segment : json.at("/plan/segments")) {
      segments.add(
          new Segment(
              segment.path("id").asText(),
              segment.path("rows").asLong(),
              segment.path("shards").asInt(),
              segment.path("laid_out").asBoolean()));
    }
    return segments;
  }

  private ObjectNode plan() {
    return json.get("plan") instanceof ObjectNode there ? there : json.putObject("plan");
  }

  /** What names of the output's files end with; {@code null} if that is not settled yet. */
  String extension() {
    return json.at("/plan/extension").asText(null);
  }

  void extension(String extension) {
    plan().put("extension", extension);
  }

  /** Whether it has a plan, and all that is to be done lies ready or is done. */
  boolean isLaidOut() {
    List<Segment> segments = segments();
    return !segments.isEmpty() && segments.stream().allMatch(Segment::laidOut);
  }

  Manifest copy() {
    return new Manifest(json.deepCopy());
  }

  /** Takes another one's content. */
  void become(Manifest other) {
    json.removeAll();
    json.setAll(other.json);
  }

  /** All rows that the run is to have. */
  long rows() {
    return segments().stream().mapToLong(Segment::rows).sum();
  }

  void segments(List<Segment> segments) {
    ObjectNode plan = plan();
    plan.put("shards", segments.stream().mapToInt(Segment::shards).sum());
    ArrayNode array = plan.putArray("segments");
    for (Segment segment : segments) {
      array
          .addObject()
          .put("id", segment.id())
          .put("rows", segment.rows())
          .put("shards", segment.shards())
          .put("laid_out", segment.laidOut());
    }
  }

  void state(String state) {
    json.put("state", state);
    if (state.equals("finished")) {
      json.put("finished", now());
    } else {
      json.remove("finished");
    }
  }

  JsonNode get(String name) {
    return json.get(name);
  }

  void set(String name, JsonNode value) {
    json.set(name, value);
  }
}
