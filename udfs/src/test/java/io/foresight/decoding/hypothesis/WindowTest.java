package io.foresight.decoding.hypothesis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What a draft with a short context sees. */
class WindowTest {

  private static int[] text(int length) {
    return IntStream.range(0, length).toArray();
  }

  @Property
  void itFitsAndEndsAsTheTextDoes(
      @ForAll @IntRange(min = 1, max = 40) int context,
      @ForAll @IntRange(min = 1, max = 200) int length) {
    int[] seen = Window.of(text(length), context);
    assertThat(seen.length).isLessThanOrEqualTo(context);
    assertThat(seen[seen.length - 1]).isEqualTo(length - 1);
    if (length <= context) {
      assertThat(seen).isEqualTo(text(length));
    } else {
      // At least half of what the context holds.
      assertThat(seen.length).isGreaterThanOrEqualTo(Math.max(1, context / 2));
      assertThat(context == 1 || seen[0] == 0).isTrue();
    }
  }

  /** Of a context of tokens, half are computed anew each half a context: two per token at most. */
  @Property
  void mostTokensFindWhatPrecedesThem(@ForAll @IntRange(min = 4, max = 40) int context) {
    int computed = 0;
    int[] held = {};
    int length = 20 * context;
    for (int i = 1; i <= length; i++) {
      int[] seen = Window.of(text(i), context);
      computed += seen.length - Ids.common(held, seen);
      held = seen;
    }
    assertThat(computed).isLessThanOrEqualTo(3 * length);
  }
}
