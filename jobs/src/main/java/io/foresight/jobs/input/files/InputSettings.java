package io.foresight.jobs.input.files;

import java.io.Serializable;
import java.util.List;

/**
 * What is read, and how. Immutable.
 *
 * @param paths files, folders and patterns of them, at least one
 * @param format how it lies in its files
 * @param limit rows to take, in the files' order; 0 for all
 * @param conceptsColumn in CSV, a list of words with blanks between them
 * @param formsColumn in CSV, alternatives with "|" between them, per concept with ";" between them
 * @param malformed what becomes of a row that cannot be read
 * @param encoding of JSONL and CSV, a name that Java knows
 * @param delimiter between the fields of CSV, one character
 * @param unfinished what becomes of the output of a run that is not finished
 */
public record InputSettings(
    List<String> paths,
    InputFormat format,
    int limit,
    String conceptsColumn,
    String formsColumn,
    Malformed malformed,
    String encoding,
    String delimiter,
    Unfinished unfinished)
    implements Serializable {

  private static final long serialVersionUID = 1;

  /** Copies. */
  public InputSettings {
    paths = List.copyOf(paths);
  }

  /** The paths, for messages. */
  public String shown() {
    return String.join(", ", paths);
  }
}
