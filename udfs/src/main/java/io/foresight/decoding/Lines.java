package io.foresight.decoding;

import java.util.ArrayList;
import java.util.List;

/** Lines that are closed together. */
final class Lines implements AutoCloseable {

  private final List<Line> lines = new ArrayList<>();

  /** Adds a line; it is closed with the others. */
  Line add(Line line) {
    lines.add(line);
    return line;
  }

  List<Line> all() {
    return lines;
  }

  @Override
  public void close() {
    lines.forEach(Line::close);
  }
}
