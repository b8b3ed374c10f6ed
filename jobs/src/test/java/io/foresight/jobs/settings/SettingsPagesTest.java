package io.foresight.jobs.settings;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.foresight.settings.Catalog;
import io.foresight.settings.Setting;
import io.foresight.settings.Settings;
import io.foresight.settings.SettingsReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The pages of settings are what the declarations make of them. With {@code
 * -Dforesight.write-pages=true} they are written anew.
 */
class SettingsPagesTest {

  private static final Path REFERENCE = Path.of("../conf/reference.conf");
  private static final Path PAGE = Path.of("../docs/settings.md");
  private static final String TABLE = "| setting | default | meaning |";

  private static void requireEqual(Path file, String wanted) throws IOException {
    if (Boolean.getBoolean("foresight.write-pages")) {
      Files.writeString(file, wanted);
    }
    assertThat(Files.readString(file))
        .as("%s; run with -Dforesight.write-pages=true to write it anew", file)
        .isEqualTo(wanted);
  }

  @Test
  void theReferenceIsWhatIsDeclared() throws IOException {
    requireEqual(REFERENCE, Catalog.load().reference());
  }

  @Test
  void theTableIsWhatIsDeclared() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf(TABLE);
    int end = page.indexOf("\n\n", begin);
    requireEqual(
        PAGE,
        page.substring(0, begin)
            + Catalog.load().table().stripTrailing()
            + (end < 0 ? "\n" : page.substring(end)));
  }

  @Test
  void theReferenceReadsAsTheDefaults() {
    SettingsReader reader =
        SettingsReader.layered(List.of(REFERENCE), List.of(), ConfigFactory.empty());
    reader.finish();
    assertThat(reader.settings()).isEqualTo(withHome(Settings.defaults()));
  }

  /** The defaults of files begin with the home folder, and may be of this process' environment. */
  private static Settings withHome(Settings defaults) {
    Settings settings = defaults;
    SettingsReader reader = SettingsReader.layered(List.of(), List.of(), ConfigFactory.empty());
    for (Setting<?> setting : Catalog.load().settings()) {
      if (List.of("home", "models.target", "models.draft", "input.path").contains(setting.key())) {
        settings = with(settings, setting, reader);
      }
    }
    return settings;
  }

  private static <T> Settings with(Settings settings, Setting<T> setting, SettingsReader reader) {
    return settings.with(setting, reader.get(setting));
  }

  @Test
  void everySettingSaysWhatItDoesAndWhatItMayBe() {
    for (Setting<?> setting : Catalog.load().settings()) {
      assertThat(setting.description()).as(setting.key()).hasSizeGreaterThan(8).endsWith(".");
      if (setting.byDefault() instanceof Enum<?> constant) {
        for (Enum<?> other : constant.getDeclaringClass().getEnumConstants()) {
          assertThat(setting.description()).as(setting.key()).contains(Setting.spelling(other));
        }
      }
    }
  }
}
