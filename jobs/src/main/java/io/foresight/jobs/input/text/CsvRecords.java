package io.foresight.jobs.input.text;

import io.foresight.jobs.input.files.Lines;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Records of CSV as RFC 4180 has it: quotes are doubled, and may enclose line breaks. A line that
 * cannot begin a record is told, and reading goes on behind it: so a quote that is never closed
 * costs one line, not all that follow. That is what libraries for CSV do not do. A first line such
 * as {@code sep=;} names the file's own delimiter.
 */
final class CsvRecords implements Records.Reading {

  /** Bytes of a record from which on its open quote is taken for a mistake. */
  private static final int LONGEST = 16 << 20;

  /** A first line that is no header. */
  private static final Pattern NAMED = Pattern.compile("(?i)\"?sep=([^\"])\"?");

  private final Lines lines;
  private final TextLayout layout;
  private byte[] delimiter;
  private final Deque<Lines.Line> again = new ArrayDeque<>();
  private List<String> header;
  private InputRecord headerProblem;

  /** The header is read at once. */
  CsvRecords(Lines lines, TextLayout layout) throws IOException {
    this.lines = lines;
    this.layout = layout;
    delimiter = layout.delimiter().getBytes(layout.charset());
    readHeader();
  }

  /** The names of the columns; empty if the file has none, or an unreadable header. */
  List<String> header() {
    return header;
  }

  private void readHeader() throws IOException {
    header = List.of();
    Lines.Line first = lines.next();
    if (first != null && !namesDelimiter(first)) {
      again.add(first);
    }
    Split split = split();
    if (split == null) {
      return;
    }
    if (split.problem != null) {
      noHeader(split, split.problem);
      return;
    }
    List<String> names = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < split.fields.size(); i++) {
      byte[] bytes = split.fields.get(i).bytes;
      String problem = layout.whyNoText(bytes);
      String name = problem == null ? layout.decoded(bytes) : "";
      name = name.isEmpty() ? "_c" + i : name;
      if (problem == null && !seen.add(name.toLowerCase(java.util.Locale.ROOT))) {
        problem = "it names column %s twice".formatted(name);
      }
      if (problem != null) {
        noHeader(split, problem);
        return;
      }
      names.add(name);
    }
    header = names;
  }

  /** Takes the delimiter over that the first line names, as Excel has it. */
  private boolean namesDelimiter(Lines.Line first) {
    Matcher named = NAMED.matcher(new String(first.bytes(), layout.charset()));
    if (named.matches()) {
      delimiter = named.group(1).getBytes(layout.charset());
      return true;
    }
    return false;
  }

  private void noHeader(Split split, String problem) {
    headerProblem =
        new InputRecord(
            split.first.number(),
            split.first.offset(),
            Map.of(),
            "it is the file's header, and " + problem + "; none of the file's rows can be read",
            split.first.bytes());
  }

  @Override
  public InputRecord next() throws IOException {
    if (headerProblem != null || header.isEmpty()) {
      InputRecord problem = headerProblem;
      headerProblem = null;
      header = List.of();
      return problem;
    }
    Split split = split();
    if (split == null) {
      return null;
    }
    Map<String, Object> values = new LinkedHashMap<>();
    String problem = split.problem;
    if (problem == null && split.fields.size() != header.size()) {
      problem =
          "it has %d fields, and the header has %d".formatted(split.fields.size(), header.size());
    }
    for (int i = 0; problem == null && i < header.size(); i++) {
      Field field = split.fields.get(i);
      String why = layout.whyNoText(field.bytes);
      if (why != null) {
        problem = "column %s: %s".formatted(header.get(i), why);
        for (int j = i + 1; j < header.size(); j++) {
          put(values, header.get(j), split.fields.get(j));
        }
      } else {
        put(values, header.get(i), field);
      }
    }
    return new InputRecord(
        split.first.number(), split.first.offset(), values, problem, split.raw());
  }

  private void put(Map<String, Object> values, String column, Field field) {
    try {
      String text = layout.decoded(field.bytes);
      if (layout.wordLists().contains(column)) {
        values.put(column, text.isBlank() ? null : List.of(text.strip().split("\\s+")));
      } else if (layout.formLists().contains(column)) {
        values.put(
            column,
            text.isBlank()
                ? null
                : Arrays.stream(text.split(";", -1))
                    .map(f -> List.of(f.split("\\|", -1)))
                    .toList());
      } else {
        // A field of nothing is null; one of two quotes is a text that is empty.
        values.put(column, text.isEmpty() && !field.quoted ? null : text);
      }
    } catch (CharacterCodingException e) {
      // The row has a problem already, which names an earlier field.
      values.remove(column);
    }
  }

  private record Field(byte[] bytes, boolean quoted) {}

  /** The fields of a record, or why its first line begins none. */
  private record Split(Lines.Line first, List<Lines.Line> all, List<Field> fields, String problem) {

    byte[] raw() {
      if (all.size() == 1) {
        return first.bytes();
      }
      ByteArrayOutputStream raw = new ByteArrayOutputStream();
      for (Lines.Line line : all) {
        raw.writeBytes(line.bytes());
        raw.writeBytes(line.end());
      }
      return raw.toByteArray();
    }
  }

  private Lines.Line take() throws IOException {
    return again.isEmpty() ? lines.next() : again.poll();
  }

  private Split split() throws IOException {
    Lines.Line first;
    do {
      first = take();
      if (first == null) {
        return null;
      }
    } while (first.bytes().length == 0);
    List<Lines.Line> all = new ArrayList<>(List.of(first));
    List<Field> fields = new ArrayList<>();
    String problem =
        first.cut() ? "it is longer than %d bytes".formatted(Lines.LONGEST) : fields(all, fields);
    if (problem == null) {
      return new Split(first, all, fields, null);
    }
    for (int i = all.size() - 1; i > 0; i--) {
      again.addFirst(all.get(i));
    }
    return new Split(first, List.of(first), List.of(), problem);
  }

  /** Takes fields apart, and further lines as they need them; returns what is wrong. */
  private String fields(List<Lines.Line> all, List<Field> fields) throws IOException {
    Lines.Line line = all.get(0);
    int position = 0;
    while (true) {
      byte[] bytes = line.bytes();
      if (position < bytes.length && bytes[position] == '"') {
        ByteArrayOutputStream field = new ByteArrayOutputStream();
        position++;
        while (true) {
          int quote = indexOf(bytes, (byte) '"', position);
          if (quote < 0) {
            field.write(bytes, position, bytes.length - position);
            field.writeBytes(line.end());
            if (field.size() > LONGEST) {
              return "its quote is not closed within %d bytes".formatted(LONGEST);
            }
            Lines.Line next = take();
            if (next == null) {
              return "its quote is not closed";
            }
            all.add(next);
            line = next;
            bytes = line.bytes();
            position = 0;
          } else if (quote + 1 < bytes.length && bytes[quote + 1] == '"') {
            field.write(bytes, position, quote + 1 - position);
            position = quote + 2;
          } else {
            field.write(bytes, position, quote - position);
            position = quote + 1;
            break;
          }
        }
        fields.add(new Field(field.toByteArray(), true));
        while (position < bytes.length && bytes[position] == ' ') {
          position++;
        }
        if (position < bytes.length && !isDelimiter(bytes, position)) {
          return "a quote is neither doubled nor at the end of its field";
        }
      } else {
        int end = position;
        while (end < bytes.length && !isDelimiter(bytes, end)) {
          end++;
        }
        fields.add(new Field(Arrays.copyOfRange(bytes, position, end), false));
        position = end;
      }
      if (position >= bytes.length) {
        return null;
      }
      position += delimiter.length;
    }
  }

  private boolean isDelimiter(byte[] bytes, int at) {
    return bytes.length - at >= delimiter.length
        && Arrays.equals(bytes, at, at + delimiter.length, delimiter, 0, delimiter.length);
  }

  private static int indexOf(byte[] bytes, byte wanted, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }
}
