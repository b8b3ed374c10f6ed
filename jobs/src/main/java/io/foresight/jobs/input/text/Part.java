package io.foresight.jobs.input.text;

import io.foresight.jobs.input.files.InputFile;
import java.io.Serializable;
import java.util.Map;

/**
 * A part of a file, or all of it.
 *
 * @param file that it is of
 * @param start where it begins: with the first line that begins there or later
 * @param end where it ends: before the first line that begins there or later
 * @param rows to take from its beginning
 */
public record Part(InputFile file, long start, long end, long rows) implements Serializable {

  private static final long serialVersionUID = 1;

  public static Part whole(InputFile file) {
    return new Part(file, 0, Long.MAX_VALUE, Long.MAX_VALUE);
  }

  Part first(long count) {
    return new Part(file, start, end, count);
  }

  String shown() {
    return file.shown();
  }

  Map<String, String> partition() {
    return file.partition();
  }
}
