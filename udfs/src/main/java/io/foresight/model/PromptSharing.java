package io.foresight.model;

import ai.djl.pytorch.jni.IValue;
import io.foresight.decoding.ForwardRequest;
import io.foresight.decoding.LogitsRequest;
import io.foresight.model.checkpoint.ModelConfig;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.function.Predicate;

/**
 * The beginnings that prompts of a session have in common, each computed once: from the second
 * prompt on, in the same forward or after it, that begins alike for {@link #LEAST} tokens or more.
 * One that no sequence refers to any more stays for those that come, until its memory is needed or
 * others were used later. Of the thread that runs forwards.
 *
 * <p>Not of models whose layers see a window or have ALiBi: what their attention sees of a
 * beginning is another part, or another score, for each query.
 */
final class PromptSharing implements AutoCloseable {

  /** Beginnings end at multiples of it, so that prompts that share one share the same. */
  static final int BLOCK = 64;

  /** Shortest beginning that is shared: shorter ones are computed as soon. */
  static final int LEAST = 2 * BLOCK;

  /** Prompts in flight and past whose ids are kept, to see what the next ones share with them. */
  private static final int RECENT = 64;

  /** Beginnings that are kept. */
  private static final int MOST = 32;

  /** Beginnings may take one in so many bytes of the caches' memory. */
  private static final int SHARE = 4;

  /**
   * A longer beginning than the one that is there must be longer by one in so many tokens:
   * sequences that share different ones do not attend together.
   */
  private static final int GAIN = 4;

  /** Fills a cache with the keys and values of tokens. */
  @FunctionalInterface
  interface Filler {

    /**
     * @param cache of one slot, with as many positions as there are tokens
     * @param done tokens whose keys and values it holds already
     */
    void fill(IValue cache, int[] ids, int done);
  }

  private final CausalLm model;
  private final CacheBudget budget;
  private final LongConsumer makesRoom;
  private final Filler filler;
  private final List<SharedPrefix> prefixes = new ArrayList<>();
  private final Deque<int[]> recent = new ArrayDeque<>();

  /** Prompts that were announced and did not come yet. */
  private final Deque<int[]> expected = new ArrayDeque<>();

  /** The caches of all prefixes, in order, as forwards take them; {@code null} if they changed. */
  private IValue caches;

  private boolean on;
  private long bytes;
  private long time;

  /**
   * Shares what it can.
   *
   * @param makesRoom has others give up memory that is worth less than a shared beginning, until
   *     there is so much more
   * @param filler computes one
   */
  PromptSharing(CausalLm model, CacheBudget budget, LongConsumer makesRoom, Filler filler) {
    this.model = model;
    this.budget = budget;
    this.makesRoom = makesRoom;
    this.filler = filler;
    turn(true);
  }

  private static boolean isFor(CausalLm model) {
    ModelConfig.Attention attention = model.checkpoint().config().attention();
    return !attention.alibi() && !attention.windowed().contains(true);
  }

  /** Whether prompts that come share what they can; those that do go on to. */
  void turn(boolean wanted) {
    on = wanted && isFor(model);
  }

  /** Announces a prompt, so that one that comes before it shares with it. */
  void expect(int[] ids) {
    if (on && blocks(ids.length - 1) >= LEAST) {
      expected.addLast(ids);
      if (expected.size() > RECENT) {
        expected.removeFirst();
      }
    }
  }

  /**
   * How many of a prompt's tokens it would share by what is known now; 0 for none. A guess: the
   * memory for them may be gone when it comes.
   */
  int beginning(int[] ids) {
    if (!on) {
      return 0;
    }
    int length = beginning(ids, blocks(ids.length - 1)).length();
    return model.cacheBytes(1, length) <= budget.bytes() / SHARE ? length : 0;
  }

  /** The same requests, those of prompts that share a beginning without it. */
  List<ForwardRequest> share(List<ForwardRequest> requests) {
    boolean none = true;
    for (ForwardRequest request : requests) {
      if (mayShare(request)) {
        expected.removeIf(new First(request.tokens()));
        recent.addLast(request.tokens());
        none = false;
      }
    }
    if (none) {
      return requests;
    }
    List<ForwardRequest> shared = new ArrayList<>(requests.size());
    for (ForwardRequest request : requests) {
      shared.add(mayShare(request) ? shared(request) : request);
    }
    while (recent.size() > RECENT) {
      recent.removeFirst();
    }
    return shared;
  }

  private boolean mayShare(ForwardRequest request) {
    return on
        && request.parents() == null
        && request.sequence().length() == 0
        && most(request) >= LEAST;
  }

  /** Tokens that need no scores and do not leave the sequence without one of its own, in blocks. */
  private static int most(ForwardRequest request) {
    return blocks(Math.min(request.tokens().length - 1, request.ask().from()));
  }

  private static int blocks(int tokens) {
    return tokens / BLOCK * BLOCK;
  }

  /** Holds for the first array that has the same elements, and for no other. */
  private static final class First implements Predicate<int[]> {

    private final int[] wanted;
    private boolean found;

    First(int[] wanted) {
      this.wanted = wanted;
    }

    @Override
    public boolean test(int[] ids) {
      boolean first = !found && Arrays.equals(ids, wanted);
      found |= first;
      return first;
    }
  }

  /**
   * What a prompt may begin with.
   *
   * @param prefix that is there and has most of it; may be {@code null}
   * @param there tokens that it has of it
   * @param length tokens to share, with a prefix that is made for it if they are more; 0 for none
   */
  private record Beginning(SharedPrefix prefix, int there, int length) {}

  private Beginning beginning(int[] ids, int most) {
    SharedPrefix prefix = null;
    int there = 0;
    for (SharedPrefix made : prefixes) {
      int common = common(made.ids(), ids, most);
      if (common > there) {
        prefix = made;
        there = common;
      }
    }
    Predicate<int[]> itself = new First(ids);
    int wanted = 0;
    for (Deque<int[]> others : List.of(recent, expected)) {
      for (int[] other : others) {
        if (!itself.test(other)) {
          wanted = Math.max(wanted, common(other, ids, most));
        }
      }
    }
    boolean makes = wanted >= LEAST && wanted - there >= Math.max(1, there / GAIN);
    int length = makes ? wanted : there;
    return new Beginning(prefix, there, length < LEAST ? 0 : length);
  }

  private ForwardRequest shared(ForwardRequest request) {
    int[] ids = request.tokens();
    Beginning beginning = beginning(ids, most(request));
    SharedPrefix prefix = beginning.prefix();
    int length = beginning.length();
    if (length > beginning.there()) {
      SharedPrefix made = make(Arrays.copyOf(ids, length), prefix);
      prefix = made == null ? prefix : made;
      length = made == null ? beginning.there() : length;
    }
    if (length < LEAST) {
      return request;
    }
    prefix.use(++time);
    ((ModelSession.Slot) request.sequence()).begin(prefix, length);
    LogitsRequest ask = request.ask();
    return ForwardRequest.of(
        request.sequence(),
        Arrays.copyOfRange(ids, length, ids.length),
        request.asked() == 0 ? ask : ask.from(ask.from() - length));
  }

  /** Tokens that both begin with, in blocks. */
  private static int common(int[] some, int[] others, int most) {
    int differs = Arrays.mismatch(some, 0, Math.min(some.length, most), others, 0, most);
    return blocks(differs < 0 ? most : differs);
  }

  /**
   * Computes a beginning, from what another one has of it on.
   *
   * @param like may be {@code null}
   * @return {@code null} if there is no memory for it
   */
  private SharedPrefix make(int[] ids, SharedPrefix like) {
    long needed = model.cacheBytes(1, ids.length);
    long most = budget.bytes() / SHARE;
    if (needed > most) {
      return null;
    }
    if (!budget.holds(needed)) {
      makesRoom.accept(needed);
    }
    while (prefixes.size() >= MOST || bytes + needed > most || !budget.holds(needed)) {
      if (!dropOne(like)) {
        return null;
      }
    }
    budget.take(needed);
    bytes += needed;
    boolean continues = like != null && like.length() < ids.length && begins(like.ids(), ids);
    IValue one = IValue.from(1L);
    IValue positions = IValue.from((long) ids.length);
    IValue cache =
        continues
            ? model.script().callOn(like.cache(), "grow", one, positions)
            : model.script().call("new_cache", one, positions);
    SharedPrefix prefix = new SharedPrefix(ids, cache);
    add(prefix);
    filler.fill(cache, ids, continues ? like.length() : 0);
    return prefix;
  }

  private static boolean begins(int[] beginning, int[] ids) {
    return Arrays.equals(beginning, 0, beginning.length, ids, 0, beginning.length);
  }

  private void add(SharedPrefix prefix) {
    prefix.setIndex(prefixes.size());
    prefixes.add(prefix);
    forgetCaches();
  }

  /** Gives up the prefix that was used longest ago of those that are idle, but for one. */
  private boolean dropOne(SharedPrefix kept) {
    SharedPrefix oldest =
        prefixes.stream()
            .filter(prefix -> prefix != kept && prefix.isIdle())
            .min(Comparator.comparingLong(SharedPrefix::lastUse))
            .orElse(null);
    if (oldest == null) {
      return false;
    }
    prefixes.remove(oldest);
    for (int i = 0; i < prefixes.size(); i++) {
      prefixes.get(i).setIndex(i);
    }
    forgetCaches();
    oldest.cache().close();
    long freed = model.cacheBytes(1, oldest.length());
    bytes -= freed;
    budget.giveBack(freed);
    return true;
  }

  /** Gives up idle prefixes until the budget holds so much more, or none is left. */
  void makeRoom(long needed) {
    while (!budget.holds(needed) && dropOne(null)) {
      // The next one.
    }
  }

  /** What all prefixes take, in bytes. */
  long cacheBytes() {
    return bytes;
  }

  /** The prefixes' caches, as forwards take them; to be left open. */
  IValue caches() {
    if (caches == null) {
      caches = model.script().call("no_prefixes");
      for (SharedPrefix prefix : prefixes) {
        caches = model.script().callOn(prefix.cache(), "with_prefix", caches);
      }
    }
    return caches;
  }

  private void forgetCaches() {
    if (caches != null) {
      caches.close();
      caches = null;
    }
  }

  @Override
  public void close() {
    forgetCaches();
    prefixes.forEach(prefix -> prefix.cache().close());
    budget.giveBack(bytes);
  }
}
