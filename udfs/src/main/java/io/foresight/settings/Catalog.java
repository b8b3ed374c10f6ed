package io.foresight.settings;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/** All settings that the rooms of this process declare. Immutable. */
public final class Catalog {

  /** In what order pages list them, by what their keys begin with; others come last. */
  private static final List<String> SECTIONS =
      List.of(
          "home",
          "models",
          "input",
          "prompt",
          "decoding",
          "rewards",
          "reward",
          "output",
          "run",
          "curate");

  private static final String HEAD =
      """
      # Every setting of Foresight's jobs, with its default. Files given by --config override it; --set key=value overrides that.
      """;

  /** Where a comment's line ends at the latest. */
  private static final int WIDTH = 130;

  private final Map<String, Setting<?>> settings = new LinkedHashMap<>();
  private final Map<String, Setting<?>> aliases = new LinkedHashMap<>();

  private Catalog(List<Setting<?>> all) {
    List<Setting<?>> sorted = new ArrayList<>(all);
    sorted.sort(Comparator.comparingInt(setting -> place(section(setting.key()))));
    for (Setting<?> setting : sorted) {
      if (settings.putIfAbsent(setting.key(), setting) != null) {
        throw new IllegalStateException("Setting " + setting.key() + " is declared twice.");
      }
      setting.aliases().forEach(alias -> aliases.put(alias, setting));
    }
  }

  /** Those on the class path, in jars of {@code --jars} too. */
  public static Catalog load() {
    List<Setting<?>> all = new ArrayList<>();
    ServiceLoader.load(SettingGroup.class, Thread.currentThread().getContextClassLoader())
        .forEach(group -> all.addAll(group.settings()));
    return new Catalog(all);
  }

  private static String section(String key) {
    return key.split("\\.")[0];
  }

  private static int place(String section) {
    int place = SECTIONS.indexOf(section);
    return place < 0 ? SECTIONS.size() : place;
  }

  /** All, in the order of pages. */
  public List<Setting<?>> settings() {
    return List.copyOf(settings.values());
  }

  /** The setting of a key; {@code null} if there is none. */
  Setting<?> named(String key) {
    return settings.get(key);
  }

  /** The setting that a key is another name of; {@code null} if it is none. */
  Setting<?> aliased(String key) {
    return aliases.get(key);
  }

  /** {@code reference.conf}: all settings with what they do and their defaults, in HOCON. */
  public String reference() {
    StringBuilder page = new StringBuilder(HEAD);
    String open = "";
    for (Setting<?> setting : settings.values()) {
      String section = section(setting.key());
      boolean alone = section.equals(setting.key());
      if (!section.equals(open)) {
        page.append(open.isEmpty() ? "\n" : "}\n\n");
        open = alone ? "" : section;
        page.append(alone ? "" : section + " {\n");
      }
      String indent = alone ? "" : "  ";
      String key = alone ? section : setting.key().substring(section.length() + 1);
      page.append(comment(setting.description(), indent));
      String separator = setting.isGroup() ? " " : " = ";
      page.append(indent).append(key).append(separator).append(setting.reference()).append('\n');
      setting.variable().ifPresent(name -> page.append(indent + key + " = ${?" + name + "}\n"));
    }
    return page.append(open.isEmpty() ? "" : "}\n").toString();
  }

  private static String comment(String text, String indent) {
    StringBuilder lines = new StringBuilder();
    StringBuilder line = new StringBuilder(indent + "#");
    for (String word : text.split(" ")) {
      if (line.length() + 1 + word.length() > WIDTH) {
        lines.append(line).append('\n');
        line = new StringBuilder(indent + "#");
      }
      line.append(' ').append(word);
    }
    return lines.append(line).append('\n').toString();
  }

  /** The table of {@code docs/settings.md}. */
  public String table() {
    StringBuilder page = new StringBuilder("| setting | default | meaning |\n|---|---|---|\n");
    for (Setting<?> setting : settings.values()) {
      String aliases =
          setting.aliases().isEmpty()
              ? ""
              : " Also `" + String.join("`, `", setting.aliases()) + "`.";
      String reference =
          setting.isGroup() ? "see below" : "`" + setting.reference().replace("|", "\\|") + "`";
      page.append(
          "| `%s` | %s | %s%s |\n"
              .formatted(
                  setting.key(), reference, setting.description().replace("|", "\\|"), aliases));
    }
    return page.toString();
  }
}
