package io.foresight.jobs.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A Markdown table that is as readable unrendered: columns have one width. One that would be too
 * wide is written as several, each with the first column.
 */
final class TextTable {

  private static final int WIDEST = 120;

  private final List<Column> columns = new ArrayList<>();

  private record Column(String name, boolean number, List<String> cells) {

    int width() {
      int width = Math.max(3, length(name));
      for (String cell : cells) {
        width = Math.max(width, length(cell));
      }
      return width;
    }

    String rule() {
      return number ? "-".repeat(width() - 1) + ":" : "-".repeat(width());
    }

    String padded(String cell) {
      String blanks = " ".repeat(width() - length(cell));
      return number ? blanks + cell : cell + blanks;
    }
  }

  /** Adds a column of words, a cell per row of the table. */
  TextTable words(String name, List<String> cells) {
    columns.add(new Column(name, false, cells));
    return this;
  }

  /** Adds a column of numbers, which stand to the right. */
  TextTable numbers(String name, List<String> cells) {
    columns.add(new Column(name, true, cells));
    return this;
  }

  /** The table, or tables with an empty line between them; ends with a line break. */
  String text() {
    List<String> tables = new ArrayList<>();
    List<Column> taken = new ArrayList<>();
    int width = 0;
    for (Column column : columns) {
      int wider = column.width() + 3;
      if (taken.size() > 1 && width + wider > WIDEST) {
        tables.add(table(taken));
        taken = new ArrayList<>(taken.subList(0, 1));
        width = taken.get(0).width() + 3;
      }
      taken.add(column);
      width += wider;
    }
    tables.add(table(taken));
    return String.join("\n", tables);
  }

  private static String table(List<Column> columns) {
    StringBuilder text = new StringBuilder();
    line(text, columns.stream().map(column -> column.padded(column.name())).toList());
    line(text, columns.stream().map(Column::rule).toList());
    for (int i = 0; i < columns.get(0).cells().size(); i++) {
      int row = i;
      line(text, columns.stream().map(c -> c.padded(c.cells().get(row))).toList());
    }
    return text.toString();
  }

  private static void line(StringBuilder text, List<String> cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  private static int length(String text) {
    return text.codePointCount(0, text.length());
  }
}
