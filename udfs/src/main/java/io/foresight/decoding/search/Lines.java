package io.foresight.decoding.search;

import java.util.ArrayList;
import java.util.List;

/** Lines that are closed together. */
public final class Lines implements AutoCloseable {

  private final List<Line> lines = new ArrayList<>();

  /** Adds a line; it is closed with the others. */
  public Line add(Line line) {
    lines.add(line);
    return line;
  }

  public List<Line> all() {
    return lines;
  }

  @Override
  public void close() {
    lines.forEach(Line::close);
  }
}
