package io.foresight.jobs.input.files;

import io.foresight.reward.RewardSpec;
import io.foresight.settings.Problems;
import io.foresight.settings.Setting;
import io.foresight.settings.SettingGroup;
import io.foresight.settings.Settings;
import java.io.Serializable;
import java.nio.charset.Charset;
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

  public static final Setting<List<String>> PATH =
      Setting.locations("input.path", "examples/prompts.jsonl")
          .reference("${home}/examples/prompts.jsonl")
          .changes(Setting.Effect.NOTHING)
          .does(
              "Prompts with their constraints: a file, a folder, a pattern of either such as day-*.jsonl, or a list of those. A name that exists is no pattern");

  public static final Setting<InputFormat> FORMAT =
      Setting.choice("input.format", InputFormat.AUTO)
          .does(
              "auto (by the names of files; what has another name is skipped and told), jsonl, parquet, csv");

  public static final Setting<Integer> LIMIT =
      Setting.whole("input.limit", 0, 0)
          .changes(Setting.Effect.NOTHING)
          .does("Rows to take, from the first; 0 takes all");

  public static final Setting<Malformed> MALFORMED =
      Setting.choice("input.malformed", Malformed.ROW)
          .changes(Setting.Effect.NOTHING)
          .does(
              "What becomes of a row that cannot be read as the settings expect it: row (an error row that says why), fail (the run ends)");

  public static final Setting<String> ENCODING =
      Setting.text("input.encoding", "UTF-8")
          .does(
              "Charset of JSONL and CSV; bytes that are no text in it are told as malformed rows are");

  public static final Setting<String> DELIMITER =
      Setting.text("input.delimiter", ",")
          .does(
              "What stands between the fields of CSV; one character, \\t is a tab. A file whose first line is such as sep=; has its own");

  public static final Setting<Unfinished> UNFINISHED =
      Setting.choice("input.unfinished", Unfinished.REFUSE)
          .changes(Setting.Effect.NOTHING)
          .does(
              "What becomes of the output of a run that is not finished: refuse, read (the rows that are there)");

  private static final long serialVersionUID = 1;

  /** Declares the settings above. */
  public static final class Declared implements SettingGroup {
    @Override
    public List<Setting<?>> settings() {
      return Setting.declaredIn(InputSettings.class);
    }
  }

  /** Copies. */
  public InputSettings {
    paths = List.copyOf(paths);
  }

  /** What settings say; problems are noted. */
  public static InputSettings of(Settings settings, Problems problems) {
    List<String> paths = settings.get(PATH);
    if (paths.isEmpty()) {
      problems.problem(PATH, "it names nothing. Give a file or a folder.");
    }
    String encoding = settings.get(ENCODING);
    try {
      Charset.forName(encoding);
    } catch (IllegalArgumentException e) {
      problems.problem(ENCODING, "Java knows no such charset. Give one such as UTF-8.");
    }
    String delimiter = settings.get(DELIMITER).replace("\\t", "\t");
    if (delimiter.codePointCount(0, delimiter.length()) != 1 || "\"\r\n".contains(delimiter)) {
      problems.problem(
          DELIMITER, "it must be one character, no quote or line break; \\t is a tab.");
    }
    return new InputSettings(
        paths,
        settings.get(FORMAT),
        settings.get(LIMIT),
        settings.get(RewardSpec.CONCEPTS_COLUMN),
        settings.get(RewardSpec.FORMS_COLUMN),
        settings.get(MALFORMED),
        encoding,
        delimiter,
        settings.get(UNFINISHED));
  }

  /** The paths, for messages. */
  public String shown() {
    return String.join(", ", paths);
  }
}
