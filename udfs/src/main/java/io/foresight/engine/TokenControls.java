package io.foresight.engine;

import io.foresight.decoding.DecodingSettings;
import io.foresight.decoding.LogitsControls;
import io.foresight.model.text.Tokenizer;
import io.foresight.settings.Problems;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** What settings say of tokens, as rules over their ids. */
public final class TokenControls {

  private static final Pattern ID = Pattern.compile("\\d{1,9}");

  private TokenControls() {}

  /**
   * The rules.
   *
   * @param vocabulary ids are below it
   * @throws io.foresight.settings.SettingsException if a text is not one token, or a bias no number
   */
  static LogitsControls of(Settings settings, Tokenizer tokenizer, int vocabulary) {
    Problems.Collected problems = new Problems.Collected(settings);
    Map<Integer, Float> biases = new TreeMap<>();
    settings
        .get(DecodingSettings.TOKEN_BIAS)
        .forEach(
            (token, bias) -> {
              try {
                float value = Float.parseFloat(String.valueOf(bias));
                if (!Float.isFinite(value)) {
                  throw new NumberFormatException();
                }
                biases.put(
                    id(token, tokenizer, vocabulary, DecodingSettings.TOKEN_BIAS, problems), value);
              } catch (NumberFormatException e) {
                problems.problem(
                    DecodingSettings.TOKEN_BIAS, "%s has no number. Give one.".formatted(token));
              }
            });
    for (String token : settings.get(DecodingSettings.BANNED_TOKENS)) {
      biases.put(
          id(token, tokenizer, vocabulary, DecodingSettings.BANNED_TOKENS, problems),
          Float.NEGATIVE_INFINITY);
    }
    problems.finish();
    return new LogitsControls(
        settings.get(DecodingSettings.MIN_NEW_TOKENS),
        settings.get(DecodingSettings.REPETITION_PENALTY),
        settings.get(DecodingSettings.NO_REPEAT_NGRAM),
        biases);
  }

  /**
   * Checks that texts are tokens of a model, and biases numbers.
   *
   * @param folder the model's
   * @param vocabulary as many ids as it has
   * @throws io.foresight.settings.SettingsException with what is wrong
   * @throws io.foresight.model.text.ModelException if its tokenizer cannot be read
   */
  public static void check(Settings settings, Path folder, int vocabulary) {
    if (!settings.get(DecodingSettings.BANNED_TOKENS).isEmpty()
        || !settings.get(DecodingSettings.TOKEN_BIAS).isEmpty()) {
      try (Tokenizer tokenizer = Tokenizer.load(folder)) {
        of(settings, tokenizer, vocabulary);
      }
    }
  }

  private static int id(
      String token, Tokenizer tokenizer, int vocabulary, Setting<?> setting, Problems problems) {
    if (ID.matcher(token).matches()) {
      int id = Integer.parseInt(token);
      if (id >= vocabulary) {
        problems.problem(
            setting, "there is no token %d: ids are below %d. Give one.".formatted(id, vocabulary));
        return 0;
      }
      return id;
    }
    int[] found = tokenizer.encodeWritten(token);
    if (found.length != 1) {
      problems.problem(
          setting,
          "\"%s\" is not one token but %s. Give a text that is one, or an id."
              .formatted(token, Arrays.toString(found)));
      return 0;
    }
    return found[0];
  }
}
