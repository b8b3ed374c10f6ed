package io.foresight.decoding;

import io.foresight.decoding.DecodingSettings.Verification;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Lossless speculative decoding: q drafts, p verifies in one forward. With hard rejection the
 * output is greedy decoding's, token for token; with speculative sampling it is distributed as
 * {@link Sample}'s.
 */
public final class Speculative implements Strategy {

  private final int draftLength;
  private final boolean adaptive;
  private final boolean sampling;
  private final Sampler sampler;

  /** Drafts and verifies as {@code settings} say. */
  public Speculative(DecodingSettings settings) {
    this.draftLength = settings.draftLength();
    this.adaptive = settings.adaptiveDraft().on(true);
    this.sampling = settings.verification() == Verification.SAMPLING;
    this.sampler = Sampler.of(settings);
  }

  @Override
  public String name() {
    return "speculative";
  }

  @Override
  public boolean usesDraft() {
    return true;
  }

  @Override
  public Branches branches() {
    return new Branches(1, 1, 0);
  }

  @Override
  public Generation decode(LanguageModel target, LanguageModel draft, Request request) {
    Row row = new Row(target, draft, request);
    SplittableRandom random = new SplittableRandom(request.seed());
    DraftLength drafts = new DraftLength(adaptive);
    try (Line p =
            Line.open(
                row.target(), row.tokens(), sampling ? Line.Detail.ROWS : Line.Detail.LOG_PROBS);
        Line q =
            Line.open(row.draft(), row.tokens(), sampling ? Line.Detail.ROWS : Line.Detail.IDS)) {
      while (!row.finished()) {
        // One less than what remains, so that p's own token fits.
        int length = Math.min(drafts.next(draftLength), row.remaining() - 1);
        Verified verified = sampling ? sampled(row, p, q, length, random) : hard(row, p, q, length);
        drafts.observe(verified.drafted(), verified.accepted());
        verified.commit(row, p, q, verified.line().length);
      }
    }
    return row.generation();
  }

  private static Verified hard(Row row, Line p, Line q, int length) {
    return Verified.hard(row, p, q.rollOut(length), 0);
  }

  private Verified sampled(Row row, Line p, Line q, int length, SplittableRandom random) {
    List<Next> drafts = new ArrayList<>();
    int[] draft = new int[0];
    while (draft.length < length && (draft.length == 0 || !row.isEos(draft[draft.length - 1]))) {
      Next next = q.after(draft);
      drafts.add(next);
      draft = Ids.concat(draft, Sampler.draw(sampler.distribution(next.row()), random));
    }
    return Verified.sampling(row, p, draft, drafts, 0, sampler, random);
  }
}
