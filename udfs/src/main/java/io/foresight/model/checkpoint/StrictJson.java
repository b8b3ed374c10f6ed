package io.foresight.model.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads JSON of files that may be damaged: one object in UTF-8, without duplicate keys, and of
 * bounded size and depth. Every defect is an IllegalArgumentException whose message is the reason.
 */
final class StrictJson {

  /** Reads an object, from its opening brace, which is the current token, to its closing one. */
  interface Reading<T> {
    T read(JsonParser parser) throws IOException;
  }

  // Names are not pooled: there are as many as tensors, each once, and a pool has a limit of its
  // own.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(64).build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private static final ObjectMapper TREES = new ObjectMapper(FACTORY);

  private StrictJson() {}

  /** A small file, as a tree. */
  static JsonNode tree(Path file) throws IOException {
    return read(file.getFileName().toString(), bytes(file, 10_000_000), TREES::readTree);
  }

  /**
   * The bytes of a file.
   *
   * @param most bytes that it may have
   */
  static byte[] bytes(Path file, int most) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new IllegalArgumentException(
          file.getFileName() + " is no regular file. Copy the file that it stands for.");
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(most);
      if (in.read() >= 0) {
        throw new IllegalArgumentException(
            file.getFileName() + " has more than " + most + " bytes. Copy it again.");
      }
      return bytes;
    }
  }

  /**
   * Reads one object.
   *
   * @param what its name in messages
   */
  static <T> T read(String what, byte[] utf8, Reading<T> reading) throws IOException {
    CharBuffer text = decode(what, utf8);
    try (JsonParser parser =
        FACTORY.createParser(text.array(), text.arrayOffset(), text.remaining())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IllegalArgumentException(what + " is no JSON object. Copy it again.");
      }
      T result = reading.read(parser);
      if (parser.nextToken() != null) {
        throw new IllegalArgumentException(what + " goes on after its JSON object. Copy it again.");
      }
      return result;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          "%s is no valid JSON%s: %s. Correct it or copy it again."
              .formatted(what, where(e.getLocation()), e.getOriginalMessage()),
          e);
    }
  }

  /** Empty where limits are passed, for which Jackson has no place. */
  private static String where(JsonLocation place) {
    return place == null
        ? ""
        : " at line %d, column %d".formatted(place.getLineNr(), place.getColumnNr());
  }

  private static CharBuffer decode(String what, byte[] utf8) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8));
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(what + " is no UTF-8 text. Copy it again.", e);
    }
  }
}
