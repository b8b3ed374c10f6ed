package io.foresight.jobs.benchmark;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/** A table with a line per item, its columns added one by one. */
final class MarkdownTable<T> {

  private final List<T> items;
  private final List<String> names = new ArrayList<>();
  private final List<Function<T, String>> columns = new ArrayList<>();

  MarkdownTable(List<T> items) {
    this.items = items;
  }

  MarkdownTable<T> column(String name, Function<T, String> value) {
    names.add(name);
    columns.add(value);
    return this;
  }

  String text() {
    StringBuilder text = new StringBuilder();
    line(text, names);
    text.append("|")
        .append(String.join("", Collections.nCopies(names.size(), "---|")))
        .append("\n");
    for (T item : items) {
      line(text, columns.stream().map(column -> column.apply(item)).toList());
    }
    return text.toString();
  }

  private static void line(StringBuilder text, List<String> cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }
}
