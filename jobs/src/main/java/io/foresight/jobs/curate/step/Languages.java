package io.foresight.jobs.curate.step;

import io.foresight.settings.SettingsException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.MissingResourceException;
import java.util.Set;
import java.util.TreeSet;
import opennlp.tools.langdetect.Language;
import opennlp.tools.langdetect.LanguageDetectorME;
import opennlp.tools.langdetect.LanguageDetectorModel;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The language of texts, by OpenNLP's detector of 103 languages. Of a short sentence all of its
 * probabilities are small, and its first guess often a neighbour of the right one; so a text is
 * taken for another language's only if that one is clearly likelier than the best that is wanted. A
 * model per process, a detector per thread.
 */
public final class Languages {

  static final StructType OTHER =
      new StructType().add("code", DataTypes.StringType).add("confidence", DataTypes.DoubleType);

  private static final String MODEL = "/langdetect-183.bin";

  /** Of fewer letters nobody can tell. */
  private static final int FEWEST_LETTERS = 12;

  /** Codes that the detector has of languages that people call by a wider one. */
  private static final Map<String, String> NARROWER =
      Map.of("zho", "cmn", "fas", "pes", "nor", "nob", "est", "ekk", "mlg", "plt", "pan", "pnb");

  /** Loaded when it is first asked for. */
  private static final class Loaded {
    static final LanguageDetectorModel MODEL_HERE = load();
    static final ThreadLocal<LanguageDetectorME> DETECTOR =
        ThreadLocal.withInitial(() -> new LanguageDetectorME(MODEL_HERE));

    private static LanguageDetectorModel load() {
      try (InputStream in = Languages.class.getResourceAsStream(MODEL)) {
        return new LanguageDetectorModel(in);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot load the language detector's model.", e);
      }
    }
  }

  private Languages() {}

  /**
   * The detector's codes of languages.
   *
   * @param given as ISO 639-1 or 639-3
   * @throws SettingsException if it does not know one
   */
  public static List<String> codes(List<String> given) {
    if (given.isEmpty()) {
      return List.of();
    }
    Set<String> known = new TreeSet<>(Arrays.asList(Loaded.DETECTOR.get().getSupportedLanguages()));
    List<String> codes = new ArrayList<>();
    for (String code : given) {
      String three = three(code);
      List<String> found =
          java.util.stream.Stream.of(three, NARROWER.getOrDefault(three, three))
              .filter(known::contains)
              .distinct()
              .toList();
      if (found.isEmpty()) {
        throw new SettingsException(
            List.of(
                "curate.languages = %s: the detector knows no language %s. Give some of %s, or their two-letter codes."
                    .formatted(String.join(",", given), code, String.join(", ", known))));
      }
      codes.addAll(found);
    }
    return codes;
  }

  private static String three(String code) {
    try {
      return code.length() == 2
          ? Locale.forLanguageTag(code).getISO3Language()
          : code.toLowerCase(Locale.ROOT);
    } catch (MissingResourceException e) {
      return code;
    }
  }

  /** Another language that a text is of, and how sure that is; {@code null} if it may be wanted. */
  static Row other(String text, List<String> wanted, double confidence) {
    if (text == null || text.codePoints().filter(Character::isLetter).count() < FEWEST_LETTERS) {
      return null;
    }
    Language[] guesses = Loaded.DETECTOR.get().predictLanguages(text);
    double best = 0;
    for (Language guess : guesses) {
      if (wanted.contains(guess.getLang())) {
        best = Math.max(best, guess.getConfidence());
      }
    }
    if (wanted.contains(guesses[0].getLang())) {
      return null;
    }
    double sure = guesses[0].getConfidence() / (guesses[0].getConfidence() + best);
    return sure >= confidence ? RowFactory.create(guesses[0].getLang(), sure) : null;
  }
}
