package io.foresight.model;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The layout of the flat arrays that a forward takes and returns: the one place that says it.
 * {@link ForwardPlan} fills the arrays and {@link ScoresReader} reads the result by these
 * constants; {@code causal_lm.py} names them as {@code {header.asked}}, and {@link ScriptArchive}
 * writes the numbers in. An array's order is that of the constants. What was sent and is not what
 * the forward takes, and a result of another width than is read, end the forward with an error.
 */
final class ForwardLayout {

  /**
   * What {@code plan} begins with. Then follow the length of each {@link Section}, the {@link Copy}
   * fields of each copy and the {@link Group} fields of each group.
   */
  enum Header {
    /** Appended positions of all sequences, P. */
    POSITIONS,
    /** Those that are scored, M. */
    ASKED,
    /** Highest ids that are told of each, k. */
    TOP_K,
    /** Ids that are gathered of each, X. */
    GATHERED,
    /** Which {@link Detail}, as {@link #at} numbers them. */
    DETAIL,
    /** Asked positions per pass of the LM head. */
    PASS,
    /** Width of the result. */
    WIDTH,
    /** Copies in the cache, to be done before. */
    COPIES,
    /** Groups of sequences that attend together. */
    GROUPS
  }

  /**
   * How much is told of asked positions; each tells what the one before tells, but for the last.
   */
  enum Detail {
    /** The highest id, and the gaps between the highest scores. */
    IDS,
    /** Log-probabilities, of the highest and of gathered ids. */
    LOG_PROBS,
    /** Log-probabilities of all ids. */
    ROWS,
    /** The logits and nothing else. */
    LOGITS
  }

  /** A copy of cached positions to each of several slots in a row. */
  enum Copy {
    SOURCE,
    SOURCE_AT,
    FIRST,
    SLOTS,
    AT,
    COUNT
  }

  /** Sequences that attend together. */
  enum Group {
    /** Sequences, N, idle ones in between included. */
    SLOTS,
    /** Queries of each, T. */
    WIDTH,
    /** The first slot of a range that is read in place. */
    FIRST,
    /** Cached positions that they see, S. */
    SPAN,
    /** Whether queries are picked by {@link Section#QUERIES}. */
    PICKS_QUERIES,
    /** Whether slots are picked by {@link Section#SLOTS}. */
    PICKS_SLOTS,
    /** Whether there is a mask. */
    MASKED,
    /** Whether there is another one for layers with a window. */
    WINDOWED,
    /** Whether the positions of what is seen are in {@link Section#SEEN}. */
    PLACED,
    /** The prefix that they share, among those that the forward is given. */
    PREFIX,
    /** Positions of it that they see before their own, u; 0 where they share none. */
    PREFIX_LENGTH,
    /** Whether there is a mask for those. */
    PREFIX_MASKED
  }

  /** Sections of {@code whole}. Those of groups hold what each has that says so, in order. */
  enum Section {
    /** Token of each position [P]. */
    TOKENS,
    /** Rotary position of each [P]. */
    PLACES,
    /** Cell of the cache that each is written to [P]. */
    CELLS,
    /** Positions that are scored [M]. */
    ASKED,
    /** Ids to gather [M, X]. */
    GATHERED,
    /** Of groups: positions that are their queries [N * T]. */
    QUERIES,
    /** Of groups: their slots [N]. */
    SLOTS,
    /** Of groups: rotary positions of the cells that they see [N, S]. */
    SEEN,
    /** Place of each position among the groups' results [P]; none where that is its own. */
    RESULTS
  }

  /** Columns of the result [M, width], as far as {@link Detail} and noise call for them. */
  enum Column {
    /** The id with the highest score; NaN where scores are not finite. */
    BEST,
    /** Gaps between the highest max(k, 1) + 1 scores; one less where there are no more ids. */
    GAPS,
    /** Log-probability of the best. */
    LOG_PROB,
    /** The highest ids [k]; fp32 holds ids up to 2^24. */
    TOP_IDS,
    /** Their log-probabilities [k]. */
    TOP_LOG_PROBS,
    /** Log-probabilities of gathered ids [X]. */
    GATHERED,
    /** Log-probabilities of all ids [V]. */
    ROW,
    /** Of perturbed scores, that of the best. */
    SCORE,
    /** Those of the highest ids [k]. */
    TOP_SCORES,
    /** Those of gathered ids [X]. */
    GATHERED_SCORES
  }

  private ForwardLayout() {}

  /** Where a field stands among its array's. */
  @SuppressWarnings("EnumOrdinal") // The order of the constants is the layout.
  static int at(Enum<?> field) {
    return field.ordinal();
  }

  /** Fields of a header, a copy and so on. */
  static int length(Class<? extends Enum<?>> fields) {
    return fields.getEnumConstants().length;
  }

  /** What the script's names stand for. */
  static Map<String, Integer> names() {
    Map<String, Integer> names = new TreeMap<>();
    for (Class<? extends Enum<?>> fields :
        Arrays.asList(
            Header.class, Detail.class, Copy.class, Group.class, Section.class, Column.class)) {
      String prefix = fields.getSimpleName().toLowerCase(Locale.ROOT) + ".";
      for (Enum<?> field : fields.getEnumConstants()) {
        names.put(prefix + field.name().toLowerCase(Locale.ROOT), at(field));
      }
      if (fields != Detail.class) {
        names.put(prefix + "length", length(fields));
      }
    }
    return names;
  }
}
