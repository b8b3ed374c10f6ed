package io.foresight.decoding.strategy;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.Strategy;
import java.util.List;

/** The strategies by name. */
public final class Strategies {

  /** Values of {@code decoding.strategy}. */
  public static final List<String> NAMES =
      List.of(
          "greedy",
          "sample",
          "best-of-n",
          "speculative",
          "cdlh",
          "cdlh-appx",
          "cdsl",
          "cdlh-speculative",
          "cdsl-tree");

  private Strategies() {}

  /**
   * The strategy that {@code settings} name.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public static Strategy of(DecodingSettings settings) {
    return switch (settings.strategy()) {
      case "greedy" -> new Greedy();
      case "sample" -> new Sample(settings);
      case "best-of-n" -> new BestOfN(settings);
      case "speculative" -> new Speculative(settings);
      case "cdlh" -> new Cdlh(settings);
      case "cdlh-appx" -> new CdlhAppx(settings);
      case "cdsl" -> new Cdsl(settings);
      case "cdsl-tree" -> new CdslTree(settings);
      case "cdlh-speculative" -> new CdlhSpeculative(settings);
      default ->
          throw new IllegalArgumentException(
              "Cannot make strategy %s: the strategies are %s"
                  .formatted(settings.strategy(), String.join(", ", NAMES)));
    };
  }
}
