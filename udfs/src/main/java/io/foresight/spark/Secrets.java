package io.foresight.spark;

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
    return VALUE.matcher(withoutUserInfo).replaceAll("$1***");
  }

  /** What a failure says, in one line without secrets; its class where it says nothing. */
  public static String reason(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank()
        ? failure.getClass().getSimpleName()
        : hidden(message.strip().lines().findFirst().orElseThrow().strip());
  }
}
