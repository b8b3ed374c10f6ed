package io.foresight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A page of docs, of which tests take what it shows.
 *
 * @param text its Markdown
 */
public record Page(String text) {

  /** A page by its name. */
  public static Page of(String name) throws IOException {
    return new Page(Files.readString(Path.of("../docs").resolve(name)));
  }

  /** The block of code that holds {@code what}. */
  public String block(String language, String what) {
    return Pattern.compile("^```" + language + "\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE)
        .matcher(text)
        .results()
        .map(block -> block.group(1))
        .filter(block -> block.contains(what))
        .findFirst()
        .orElseThrow();
  }

  /** The jar that the page makes of a class: compiled, and named by the service file it shows. */
  public Path jar(Path folder, String name) throws IOException {
    Path source = folder.resolve(name + ".java");
    Files.writeString(source, block("java", "class " + name));
    Path build = Files.createDirectory(folder.resolve("build"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      List<String> options =
          List.of("--release", "17", "-Xlint:all", "-Werror", "-proc:none", "-d", build.toString());
      assertThat(
              compiler
                  .getTask(messages, files, null, options, null, files.getJavaFileObjects(source))
                  .call())
          .as(messages.toString())
          .isTrue();
    }
    Matcher service = Pattern.compile("echo (\\S+) > build/(\\S+)").matcher(text);
    assertThat(service.find()).isTrue();
    Path named = build.resolve(service.group(2));
    Files.createDirectories(named.getParent());
    Files.writeString(named, service.group(1) + "\n");
    Path jar = folder.resolve("mine.jar");
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(file);
        Stream<Path> built = Files.walk(build)) {
      for (Path path : built.filter(Files::isRegularFile).toList()) {
        entries.putNextEntry(new JarEntry(build.relativize(path).toString()));
        Files.copy(path, entries);
      }
    }
    return jar;
  }
}
