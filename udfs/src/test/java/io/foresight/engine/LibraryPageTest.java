package io.foresight.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.foresight.Page;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/library.md shows compiles and decodes. */
class LibraryPageTest {

  @TempDir Path folder;

  @Test
  void thePagesProgramDecodes() throws Exception {
    Page page = Page.of("library.md");
    Path source = folder.resolve("Decode.java");
    Files.writeString(source, page.block("java", "class Decode"));
    Path settings = folder.resolve("my.conf");
    // The page's paths are the repository's; tests run in a module.
    Files.writeString(
        settings, page.block("hocon", "models.target").replace("= examples", "= ../examples"));
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "--release",
                "17",
                "-Xlint:all",
                "-Werror",
                "-proc:none",
                "-d",
                folder.toString(),
                source.toString());
    assertThat(failed).isZero();
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream out = System.out;
    try (URLClassLoader loader =
        new URLClassLoader(
            new URL[] {folder.toUri().toURL()}, LibraryPageTest.class.getClassLoader())) {
      Method main = loader.loadClass("Decode").getMethod("main", String[].class);
      System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
      main.invoke(null, (Object) new String[] {settings.toString()});
    } finally {
      System.setOut(out);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8).lines())
        .hasSize(3)
        .allMatch(line -> line.matches("(ok|unsatisfied): [A-Z].*"));
  }
}
