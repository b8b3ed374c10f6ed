package io.foresight.jobs.benchmark;

import io.foresight.engine.Judge;
import io.foresight.engine.RowDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** What one variant reached, and what it took in each round. */
final class Figures {

  private final Variant variant;
  private final Quality quality;
  private final List<Work> rounds = new ArrayList<>();
  private final List<String> digests = new ArrayList<>();
  private MessageDigest digest = sha256();

  Figures(Variant variant, Judge judge, KnownWords known) {
    this.variant = variant;
    quality = new Quality(variant.settings(), judge, known);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }

  /** Notes a row; the rows of later rounds are the same again. */
  void add(RowDecoder.Decoded decoded) {
    digest.update(decoded.result().output().getBytes(StandardCharsets.UTF_8));
    digest.update((byte) '\n');
    if (rounds.isEmpty()) {
      quality.add(decoded.row(), decoded.result());
    }
  }

  /** Notes the end of a round. */
  void add(Work round) {
    rounds.add(round);
    digests.add(HexFormat.of().formatHex(digest.digest()));
    digest = sha256();
  }

  Variant variant() {
    return variant;
  }

  Quality quality() {
    return quality;
  }

  /** All rounds together. */
  Work work() {
    return rounds.stream().reduce(Work::plus).orElseThrow();
  }

  /** A figure over the rounds. */
  Spread overRounds(ToDoubleFunction<Work> figure) {
    return Spread.of(rounds.stream().map(figure::applyAsDouble).toList());
  }

  /** Tokens per second of each round over those of the other in the same round. */
  Spread speedOver(Figures other) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < rounds.size(); i++) {
      ratios.add(rounds.get(i).tokensPerSecond() / other.rounds.get(i).tokensPerSecond());
    }
    return Spread.of(ratios);
  }

  /** SHA-256 of the first round's texts, each with a line feed. */
  String outputDigest() {
    return digests.get(0);
  }

  /** Whether every round gave the first one's texts. */
  boolean roundsAgree() {
    return digests.stream().distinct().count() == 1;
  }
}
