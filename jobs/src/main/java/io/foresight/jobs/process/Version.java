package io.foresight.jobs.process;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import picocli.CommandLine.IVersionProvider;

/** Which code runs. */
public final class Version implements IVersionProvider {

  /** {@code version} and {@code commit} of the build. */
  public static Map<String, String> read() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      properties.load(in);
    }
    Map<String, String> version = new TreeMap<>();
    properties.stringPropertyNames().forEach(n -> version.put(n, properties.getProperty(n)));
    return version;
  }

  @Override
  public String[] getVersion() throws IOException {
    return new String[] {
      "Foresight %s, commit %s".formatted(read().get("version"), read().get("commit"))
    };
  }
}
