package io.foresight.settings;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Credentials in texts. A URI may carry some ({@code s3a://key:secret@bucket}), and what stands in
 * a URI stands in logs, manifests and error messages soon after; so such URIs are refused, and
 * messages that quote what a user wrote are cleaned of them. Thread-safe.
 */
public final class Secrets {

  /**
   * User-info before the host. A secret key may hold slashes and at signs, so the last at sign
   * counts; a port is no password, and containers of Azure's storage stand before an at sign alone.
   */
  private static final Pattern USER_INFO =
      Pattern.compile(
          "(?i)(\\b[a-z][a-z0-9+.-]*://)[^/@\\s]*:(?!\\d{1,5}/)\\S*@"
              + "|(\\bs3[an]?://)(?:[^/@\\s]*:\\S*|[^/@\\s]*)@");

  private static final Pattern VALUE =
      Pattern.compile("(?i)((?:secret|password|access\\.key|session\\.token)[\\w.-]*=)\\S+");

  /** What settings and options are called that hold secrets; {@code max-new-tokens} is none. */
  private static final String NAMES =
      "(?:api[-_.]?key|access[-_.]?key|secret(?:[-_.]?key)?|token|password|passwd|passphrase|credentials?)";

  private static final Pattern NAME = Pattern.compile("(?i)(?:.*[-_.])?" + NAMES);

  /** {@code --api-key=...} and {@code API_KEY=...}. */
  private static final Pattern ASSIGNED =
      Pattern.compile("(?i)((?:--?)?(?:[\\w.-]*[-_.])?" + NAMES + "=)(.+)");

  /** The same in a longer text, and {@code --token ...}, in a list or not. */
  private static final Pattern OPTION =
      Pattern.compile(
          "(?i)((?<![\\w-])--?(?:[\\w-]*[-_])?"
              + NAMES
              + "(?:,? +|,)(?!-)|(?<![\\w.-])(?:[\\w.-]*[-_.])?"
              + NAMES
              + "=)([^\\s,\\]\"']+)");

  private static final Pattern BEARER = Pattern.compile("(?i)(\\bbearer +)[^\\s,\\]\"']+");

  /** The name of a variable stands in settings so that its value need not. */
  private static final String VARIABLE = "${env:";

  private static final String MASK = "***";

  /** What to do instead. */
  public static final String WHERE_TO_GIVE_THEM =
      "Leave them to Hadoop: environment variables, a credential provider, or --conf spark.hadoop.fs.*.";

  private Secrets() {}

  /** Whether a URI carries a user's name with a password, or the like. */
  public static boolean inUri(String uri) {
    return USER_INFO.matcher(uri).find();
  }

  /** A text without user-info of URIs and without values of settings that hold secrets. */
  public static String hidden(String text) {
    String withoutUserInfo =
        USER_INFO
            .matcher(text)
            .replaceAll(
                found -> (found.group(1) != null ? found.group(1) : found.group(2)) + "***@");
    String withoutValues = VALUE.matcher(withoutUserInfo).replaceAll("$1***");
    String withoutOptions =
        OPTION
            .matcher(withoutValues)
            .replaceAll(
                found ->
                    Matcher.quoteReplacement(
                        found.group(1)
                            + (found.group(2).startsWith(VARIABLE) ? found.group(2) : MASK)));
    return BEARER.matcher(withoutOptions).replaceAll("$1***");
  }

  /**
   * Settings to be kept with a run: maps, lists and plain values, with a mask for what looks like a
   * secret by its name, be it a setting's or an option's of a command. References to variables of
   * the environment stay.
   */
  public static Object masked(Object settings) {
    if (settings instanceof Map<?, ?> map) {
      Map<String, Object> masked = new LinkedHashMap<>();
      map.forEach(
          (key, value) ->
              masked.put(
                  key.toString(),
                  value instanceof String text && NAME.matcher(key.toString()).matches()
                      ? mask(text)
                      : masked(value)));
      return masked;
    }
    if (settings instanceof List<?> list) {
      List<Object> masked = new ArrayList<>();
      boolean follows = false;
      for (Object item : list) {
        masked.add(
            follows && item instanceof String text && !text.startsWith("-")
                ? mask(text)
                : masked(item));
        follows =
            item instanceof String option
                && option.startsWith("-")
                && NAME.matcher(option.replaceFirst("^--?", "")).matches();
      }
      return masked;
    }
    if (settings instanceof String text) {
      Matcher assigned = ASSIGNED.matcher(text);
      return assigned.matches() ? assigned.group(1) + mask(assigned.group(2)) : hidden(text);
    }
    return settings;
  }

  private static String mask(String value) {
    return value.startsWith(VARIABLE) || value.isEmpty() ? value : MASK;
  }

  /** What a failure says, in one line without secrets; its class where it says nothing. */
  public static String reason(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank()
        ? failure.getClass().getSimpleName()
        : hidden(message.strip().lines().findFirst().orElseThrow().strip());
  }
}
