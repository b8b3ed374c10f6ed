package io.foresight.model;

import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsEdit;
import io.foresight.decoding.Noise;
import io.foresight.decoding.Scores;
import io.foresight.model.ForwardLayout.Detail;
import io.foresight.model.ForwardLayout.Header;
import io.foresight.model.ForwardLayout.Section;
import io.foresight.model.checkpoint.ModelConfig;
import io.foresight.model.text.ModelException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * A batched forward's inputs, laid out as {@link ForwardLayout} says. Positions of all sequences
 * are packed one after another, so that no matrix product sees padding; only attention works on
 * rectangles, one per {@link AttentionGroup}.
 */
final class ForwardPlan {

  /**
   * Copy of cached positions.
   *
   * @param source slot that is read
   * @param sourceAt its first position that is
   * @param first first slot that is written
   * @param slots slots in a row that are, each alike
   * @param at their first position that is
   * @param count positions
   */
  record Copy(int source, int sourceAt, int first, int slots, int at, int count) {

    /** Whether the other copies the same to the slot that follows. */
    boolean precedes(Copy other) {
      return new Copy(source, sourceAt, first + slots, 1, at, count).equals(other);
    }

    Copy oneSlotMore() {
      return new Copy(source, sourceAt, first, slots + 1, at, count);
    }
  }

  private final List<ForwardRequest> requests;
  private final ScoresReader reader;
  private final ModelConfig.Head head;

  /** Temperature, top-k and top-p of scores that noise perturbs; none of those that it does not. */
  final double[] sampler;

  /** What the noise of each scored position is computed from; none without noise. */
  final long[] keys;

  /** Of the logits that change: the asked positions, then the ids; none if all stay as they are. */
  final long[] edited;

  /** Their biases, then their penalties. */
  final float[] changes;

  /** Appended positions of all sequences. */
  final int positions;

  /** Positions that are scored. */
  final int asked;

  /** Cached positions that are copied: before, and where attention cannot read in place. */
  final long copiedPositions;

  /** Whether some sequence shares a prefix. */
  final boolean shares;

  final long[] plan;
  final long[] whole;
  final float[] masks;

  /**
   * Plans a forward.
   *
   * @param requests by ascending slot; scores are perturbed alike, or none is
   * @param slotPositions positions per slot of the cache
   * @param noted copies to be done before
   * @param config of the model
   * @param wholeHead whether the LM head takes all positions in one pass
   */
  ForwardPlan(
      List<ForwardRequest> requests,
      int slotPositions,
      List<Copy> noted,
      ModelConfig config,
      boolean wholeHead) {
    this.requests = requests;
    head = config.head();
    Noise noise =
        requests.stream()
            .filter(request -> request.asked() > 0 && request.ask().noise() != null)
            .map(request -> request.ask().noise())
            .findFirst()
            .orElse(null);
    sampler =
        noise == null
            ? new double[0]
            : new double[] {
              noise.sampler().temperature(), noise.sampler().topK(), noise.sampler().topP()
            };
    keys = noise == null ? new long[0] : keys();
    int changing = edits().mapToInt(edit -> edit.ids().length).sum();
    edited = new long[2 * changing];
    changes = new float[2 * changing];
    layEdits();
    reader = new ScoresReader(requests, config.vocabulary(), noise != null);
    asked = reader.asked;
    List<PlacedRequest> placed = PlacedRequest.pack(requests);
    PlacedRequest last = placed.get(placed.size() - 1);
    positions = last.first() + last.width();
    List<AttentionGroup> groups = AttentionGroup.of(placed, config.attention());
    List<Copy> copies = merged(noted);
    long copied = 0;
    for (Copy copy : copies) {
      copied += (long) copy.slots() * copy.count();
    }
    for (AttentionGroup group : groups) {
      copied += group.picksSlots() ? group.cells() : 0;
    }
    copiedPositions = copied;
    shares = groups.stream().anyMatch(group -> group.prefixLength > 0);
    Sections sections = sections(placed, groups, slotPositions);
    whole = sections.whole();
    masks = masks(groups);
    plan = plan(sections, copies, groups, wholeHead);
  }

  private long[] plan(
      Sections sections, List<Copy> copies, List<AttentionGroup> groups, boolean wholeHead) {
    int passes = wholeHead ? 1 : (asked + head.positionsTogether() - 1) / head.positionsTogether();
    long[] header = new long[ForwardLayout.length(Header.class)];
    header[ForwardLayout.at(Header.POSITIONS)] = positions;
    header[ForwardLayout.at(Header.ASKED)] = asked;
    header[ForwardLayout.at(Header.TOP_K)] = reader.topK;
    header[ForwardLayout.at(Header.GATHERED)] = reader.gathered;
    header[ForwardLayout.at(Header.DETAIL)] = ForwardLayout.at(reader.detail);
    header[ForwardLayout.at(Header.PASS)] = asked == 0 ? 1 : (asked + passes - 1) / passes;
    header[ForwardLayout.at(Header.WIDTH)] = reader.width;
    header[ForwardLayout.at(Header.COPIES)] = copies.size();
    header[ForwardLayout.at(Header.GROUPS)] = groups.size();
    long[] whole = Arrays.copyOf(header, length(copies, groups));
    int at = lay(sections.lengths(), whole, header.length);
    for (Copy copy : copies) {
      at = lay(fields(copy), whole, at);
    }
    for (AttentionGroup group : groups) {
      at = lay(fields(group), whole, at);
    }
    return whole;
  }

  private static int length(List<Copy> copies, List<AttentionGroup> groups) {
    return ForwardLayout.length(Header.class)
        + ForwardLayout.length(Section.class)
        + copies.size() * ForwardLayout.length(ForwardLayout.Copy.class)
        + groups.size() * ForwardLayout.length(ForwardLayout.Group.class);
  }

  private static int lay(long[] fields, long[] plan, int at) {
    System.arraycopy(fields, 0, plan, at, fields.length);
    return at + fields.length;
  }

  private static long[] fields(Copy copy) {
    long[] fields = new long[ForwardLayout.length(ForwardLayout.Copy.class)];
    fields[ForwardLayout.at(ForwardLayout.Copy.SOURCE)] = copy.source();
    fields[ForwardLayout.at(ForwardLayout.Copy.SOURCE_AT)] = copy.sourceAt();
    fields[ForwardLayout.at(ForwardLayout.Copy.FIRST)] = copy.first();
    fields[ForwardLayout.at(ForwardLayout.Copy.SLOTS)] = copy.slots();
    fields[ForwardLayout.at(ForwardLayout.Copy.AT)] = copy.at();
    fields[ForwardLayout.at(ForwardLayout.Copy.COUNT)] = copy.count();
    return fields;
  }

  private static long[] fields(AttentionGroup group) {
    long[] fields = new long[ForwardLayout.length(ForwardLayout.Group.class)];
    fields[ForwardLayout.at(ForwardLayout.Group.SLOTS)] = group.slots;
    fields[ForwardLayout.at(ForwardLayout.Group.WIDTH)] = group.width;
    fields[ForwardLayout.at(ForwardLayout.Group.FIRST)] = Math.max(group.first, 0);
    fields[ForwardLayout.at(ForwardLayout.Group.SPAN)] = group.span;
    fields[ForwardLayout.at(ForwardLayout.Group.PICKS_QUERIES)] = group.picksQueries ? 1 : 0;
    fields[ForwardLayout.at(ForwardLayout.Group.PICKS_SLOTS)] = group.picksSlots() ? 1 : 0;
    fields[ForwardLayout.at(ForwardLayout.Group.MASKED)] = group.masked ? 1 : 0;
    fields[ForwardLayout.at(ForwardLayout.Group.WINDOWED)] = group.windowed ? 1 : 0;
    fields[ForwardLayout.at(ForwardLayout.Group.PLACED)] = group.placed ? 1 : 0;
    fields[ForwardLayout.at(ForwardLayout.Group.PREFIX)] =
        group.prefix == null ? 0 : group.prefix.index();
    fields[ForwardLayout.at(ForwardLayout.Group.PREFIX_LENGTH)] = group.prefixLength;
    fields[ForwardLayout.at(ForwardLayout.Group.PREFIX_MASKED)] = group.prefixMasked ? 1 : 0;
    return fields;
  }

  private Sections sections(
      List<PlacedRequest> placed, List<AttentionGroup> groups, int slotPositions) {
    Sections sections = new Sections();
    for (PlacedRequest request : placed) {
      sections.add(Section.TOKENS, request.request().tokens());
      sections.add(Section.PLACES, request.places());
    }
    for (PlacedRequest request : placed) {
      int cell =
          Math.addExact(Math.multiplyExact(request.slot().index(), slotPositions), request.start());
      sections.add(Section.CELLS, ascending(cell, request.width()));
      int asked = request.request().asked();
      int from = request.first() + request.width() - asked;
      sections.add(Section.ASKED, ascending(from, asked));
    }
    for (ForwardRequest request : requests) {
      int[][] wanted = request.ask().gather();
      for (int i = 0; reader.gathered > 0 && i < request.asked(); i++) {
        int[] ids = wanted == null ? new int[0] : wanted[i];
        sections.add(Section.GATHERED, Arrays.copyOf(ids, reader.gathered));
      }
    }
    int[] results = new int[positions];
    int queries = 0;
    for (AttentionGroup group : groups) {
      if (group.picksQueries) {
        sections.add(Section.QUERIES, group.packedQueries());
      }
      if (group.picksSlots()) {
        sections.add(Section.SLOTS, group.pickedSlots());
      }
      if (group.placed) {
        sections.add(Section.SEEN, group.seenPlaces());
      }
      group.layResults(results, queries);
      queries += group.queries();
    }
    if (groups.size() > 1 || groups.get(0).picksQueries) {
      sections.add(Section.RESULTS, results);
    }
    return sections;
  }

  private static int[] ascending(int first, int count) {
    int[] numbers = new int[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = first + i;
    }
    return numbers;
  }

  private static float[] masks(List<AttentionGroup> groups) {
    long entries = 0;
    for (AttentionGroup group : groups) {
      entries += group.maskEntries();
    }
    if (entries > Integer.MAX_VALUE) {
      throw new ModelException(
          "Cannot run a forward whose attention mask has %d entries: an array holds %d. Set a smaller decoding.batch."
              .formatted(entries, Integer.MAX_VALUE));
    }
    float[] masks = new float[(int) entries];
    int at = 0;
    for (AttentionGroup group : groups) {
      at = group.layMasks(masks, at);
    }
    return masks;
  }

  /** Forks of one sequence into slots in a row become one copy. */
  private static List<Copy> merged(List<Copy> copies) {
    List<Copy> merged = new ArrayList<>();
    for (Copy copy : copies) {
      Copy last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (last != null && last.precedes(copy)) {
        merged.set(merged.size() - 1, last.oneSlotMore());
      } else {
        merged.add(copy);
      }
    }
    return merged;
  }

  /** Has the forward return logits as they are, [asked positions, outputs]; of one use. */
  void askForLogits() {
    plan[ForwardLayout.at(Header.DETAIL)] = ForwardLayout.at(Detail.LOGITS);
    plan[ForwardLayout.at(Header.WIDTH)] = head.outputs();
  }

  /** Of each asked position, in order. */
  private Stream<LogitsEdit> edits() {
    return requests.stream()
        .flatMap(
            request ->
                request.asked() > 0 && request.ask().edits() != null
                    ? Arrays.stream(request.ask().edits())
                    : Collections.nCopies(request.asked(), LogitsEdit.NONE).stream());
  }

  private void layEdits() {
    int changing = changes.length / 2;
    int position = 0;
    int at = 0;
    for (LogitsEdit edit : changing == 0 ? List.<LogitsEdit>of() : edits().toList()) {
      for (int i = 0; i < edit.ids().length; i++, at++) {
        edited[at] = position;
        edited[changing + at] = edit.ids()[i];
        changes[at] = edit.biases()[i];
        changes[changing + at] = edit.penalties()[i];
      }
      position++;
    }
  }

  private long[] keys() {
    return requests.stream()
        .filter(request -> request.asked() > 0)
        .flatMapToLong(
            request ->
                Arrays.stream(request.ask().places())
                    .mapToLong(place -> request.ask().noise().key(place)))
        .toArray();
  }

  /** Whether a forward's result says that all scores were numbers. */
  boolean isFinite(float[] result) {
    return reader.isFinite(result);
  }

  /** What each request asked for, in their order. */
  List<Scores> scores(float[] result) {
    return reader.scores(result);
  }

  /** The sections of {@code whole}, while they are filled. */
  private static final class Sections {

    private final long[][] numbers = new long[ForwardLayout.length(Section.class)][8];
    private final int[] lengths = new int[numbers.length];

    void add(Section section, int[] some) {
      int at = ForwardLayout.at(section);
      int length = lengths[at] + some.length;
      if (length > numbers[at].length) {
        numbers[at] = Arrays.copyOf(numbers[at], 2 * length);
      }
      for (int number : some) {
        numbers[at][lengths[at]++] = number;
      }
    }

    long[] lengths() {
      long[] all = new long[lengths.length];
      for (int i = 0; i < all.length; i++) {
        all[i] = lengths[i];
      }
      return all;
    }

    long[] whole() {
      int size = 0;
      for (int length : lengths) {
        size += length;
      }
      long[] whole = new long[size];
      int at = 0;
      for (int i = 0; i < lengths.length; i++) {
        System.arraycopy(numbers[i], 0, whole, at, lengths[i]);
        at += lengths[i];
      }
      return whole;
    }
  }
}
