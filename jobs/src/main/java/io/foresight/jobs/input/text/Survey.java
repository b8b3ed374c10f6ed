package io.foresight.jobs.input.text;

import io.foresight.jobs.input.files.InputProblem;
import io.foresight.jobs.input.schema.Expectation;
import io.foresight.jobs.input.schema.Shape;
import java.io.Serializable;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What one pass over text files finds out. Mutable, not thread-safe. */
final class Survey implements Serializable {

  private static final long serialVersionUID = 1;

  private static final int MOST_COLUMNS = 5000;

  /**
   * A row that cannot be read.
   *
   * @param part number of its part
   * @param row its number within it
   */
  record Problem(int part, long row, String message) implements Serializable {

    private boolean isBefore(Problem other) {
      return other == null || part < other.part || (part == other.part && row < other.row);
    }
  }

  /** Where a header names a column: the part that it is of, and the place in it. */
  private record Place(int part, int column) implements Comparable<Place>, Serializable {

    private static final Comparator<Place> ORDER =
        Comparator.comparingInt(Place::part).thenComparingInt(Place::column);

    @Override
    public int compareTo(Place other) {
      return ORDER.compare(this, other);
    }
  }

  /** What one column holds. */
  static final class Column implements Serializable {

    private static final long serialVersionUID = 1;

    private final Shape shape = new Shape();
    private Place place;
    private long rows;
    private long given;
    private long fitting;
    private Problem misfit;

    Shape shape() {
      return shape;
    }

    long given() {
      return given;
    }

    long fitting() {
      return fitting;
    }

    private void isAt(Place found) {
      place = place == null || found.compareTo(place) < 0 ? found : place;
    }

    private void merge(Column other) {
      if (other.place != null) {
        isAt(other.place);
      }
      shape.merge(other.shape);
      rows += other.rows;
      given += other.given;
      fitting += other.fitting;
      if (other.misfit != null && other.misfit.isBefore(misfit)) {
        misfit = other.misfit;
      }
    }
  }

  private final Map<String, Column> columns = new HashMap<>();
  private final Map<Integer, Long> rows = new TreeMap<>();
  private Problem unreadable;
  private long readable;

  /** Adds a row. */
  void add(
      Part part, int number, InputRecord record, Map<String, Expectation> expected, TextLayout of) {
    long row = rows.merge(number, 1L, Long::sum);
    if (record.problem() == null) {
      readable++;
    } else if (unreadable == null) {
      unreadable = new Problem(number, row, record.message(part, record.problem(), of.charset()));
    }
    record
        .values()
        .forEach(
            (name, value) -> {
              Column column = column(name);
              column.rows++;
              if (value == null) {
                return;
              }
              column.given++;
              column.shape.add(value);
              Expectation expectation = expected.get(name);
              if (expectation == null || expectation.fits(value)) {
                column.fitting++;
              } else if (column.misfit == null) {
                String reason = RowMaker.misfit(name, value, expectation);
                column.misfit =
                    new Problem(number, row, record.message(part, reason, of.charset()));
              }
            });
  }

  /** Notes the columns that a part's header names, in order. */
  void addColumns(int part, List<String> names) {
    for (int i = 0; i < names.size(); i++) {
      column(names.get(i)).isAt(new Place(part, i));
    }
  }

  private Column column(String name) {
    Column column = columns.computeIfAbsent(name, n -> new Column());
    if (columns.size() > MOST_COLUMNS) {
      throw InputProblem.because(
          "its rows have more than %d different columns, such as %s. Correct it, or set input.format"
              .formatted(MOST_COLUMNS, name.length() > 50 ? name.substring(0, 50) + "..." : name));
    }
    return column;
  }

  /** Adds what another has found, of other parts. */
  Survey merge(Survey other) {
    other.columns.forEach((name, column) -> column(name).merge(column));
    other.rows.forEach((part, count) -> rows.merge(part, count, Long::sum));
    readable += other.readable;
    if (other.unreadable != null && other.unreadable.isBefore(unreadable)) {
      unreadable = other.unreadable;
    }
    return this;
  }

  /** Columns: those of headers in the order of their first ones, before others by their names. */
  Map<String, Column> columns() {
    Map<String, Column> sorted = new LinkedHashMap<>();
    columns.entrySet().stream()
        .sorted(
            Comparator.comparing(
                    (Map.Entry<String, Column> column) -> column.getValue().place,
                    Comparator.nullsLast(Comparator.naturalOrder()))
                .thenComparing(Map.Entry::getKey))
        .forEach(column -> sorted.put(column.getKey(), column.getValue()));
    return sorted;
  }

  /** Rows of a part. */
  long rows(int part) {
    return rows.getOrDefault(part, 0L);
  }

  /** Rows that could be read. */
  long readable() {
    return readable;
  }

  /** The first row that could not be read; null if all could. */
  Problem unreadable() {
    return unreadable;
  }

  /**
   * The earliest of the rows that cannot be read, or have a value that is not as expected in one of
   * the columns; null if there is none.
   */
  Problem first(Set<String> meant) {
    Problem first = unreadable;
    for (String name : meant) {
      Problem misfit = columns.containsKey(name) ? columns.get(name).misfit : null;
      if (misfit != null && misfit.isBefore(first)) {
        first = misfit;
      }
    }
    return first;
  }

  /**
   * Names of which another differs in case only, and is in more rows; Spark cannot tell them apart.
   */
  Map<String, String> strays() {
    Map<String, String> strays = new TreeMap<>();
    Map<String, List<String>> alike =
        columns.keySet().stream()
            .sorted()
            .collect(
                Collectors.groupingBy(
                    name -> name.toLowerCase(Locale.ROOT), TreeMap::new, Collectors.toList()));
    for (List<String> names : alike.values()) {
      if (names.size() > 1) {
        List<String> sorted =
            names.stream()
                .sorted((a, b) -> Long.compare(columns.get(b).rows, columns.get(a).rows))
                .toList();
        if (columns.get(sorted.get(0)).rows == columns.get(sorted.get(1)).rows) {
          throw InputProblem.because(
              "columns %s and %s differ in case only. Rename one of them"
                  .formatted(sorted.get(0), sorted.get(1)));
        }
        sorted.stream().skip(1).forEach(name -> strays.put(name, sorted.get(0)));
      }
    }
    return strays;
  }
}
