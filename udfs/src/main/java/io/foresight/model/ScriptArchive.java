package io.foresight.model;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Wraps a program's source in the archive that libtorch loads as a TorchScript module, so that no
 * Python is needed to build one. The archive holds no weights: they enter through the module's
 * methods.
 */
final class ScriptArchive {

  private static final Pattern NAME = Pattern.compile("\\{([a-z_]+\\.[a-z_]+)}");

  private ScriptArchive() {}

  /**
   * The archive's bytes, as a stream.
   *
   * @param resource the source, of one class
   * @param type the class
   * @param names numbers that the source calls by names in braces
   */
  static InputStream open(String resource, String type, Map<String, Integer> names) {
    try {
      byte[] source = written(resource, names).getBytes(StandardCharsets.UTF_8);
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
        zip.setMethod(ZipOutputStream.STORED);
        add(zip, "a/data.pkl", module(type, new String(source, StandardCharsets.UTF_8)));
        add(zip, "a/code/__torch__.py", source);
        add(zip, "a/code/__torch__/adamw.py", read("adamw.py"));
        add(zip, "a/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
        add(zip, "a/version", "10\n".getBytes(StandardCharsets.US_ASCII));
        add(zip, "a/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
      }
      return new ByteArrayInputStream(bytes.toByteArray());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The source with numbers for names.
   *
   * @throws IllegalStateException if it uses a name that is none, or does not use one
   */
  static String written(String resource, Map<String, Integer> names) throws IOException {
    Set<String> unused = new TreeSet<>(names.keySet());
    String written =
        NAME.matcher(new String(read(resource), StandardCharsets.UTF_8))
            .replaceAll(
                found -> {
                  Integer number = names.get(found.group(1));
                  if (number == null) {
                    throw new IllegalStateException(
                        "Cannot load %s: it uses {%s}, which nobody declares."
                            .formatted(resource, found.group(1)));
                  }
                  unused.remove(found.group(1));
                  return number.toString();
                });
    if (!unused.isEmpty()) {
      throw new IllegalStateException(
          "Cannot load %s: it does not use %s, which it is to know of."
              .formatted(resource, unused));
    }
    return written;
  }

  private static byte[] read(String resource) throws IOException {
    try (InputStream in = ScriptArchive.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("Cannot find resource " + resource + " on the class path.");
      }
      return in.readAllBytes();
    }
  }

  private static void add(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    entry.setCrc(crc.getValue());
    entry.setSize(bytes.length);
    entry.setCompressedSize(bytes.length);
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }

  /** The pickled module: every attribute that the source declares, with its type's empty value. */
  private static byte[] module(String type, String source) throws IOException {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.write(new byte[] {(byte) 0x80, 2});
    pickle.write("c__torch__\n%s\n)\u0081}(".formatted(type).getBytes(StandardCharsets.ISO_8859_1));
    for (String line : source.lines().toList()) {
      int colon = line.indexOf(" : ");
      if (colon < 0 || !line.startsWith("  ") || line.startsWith("   ")) {
        continue;
      }
      String name = line.substring(2, colon);
      byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
      pickle.write(new byte[] {'X', (byte) utf8.length, 0, 0, 0});
      pickle.write(utf8);
      String attribute = line.substring(colon + 3);
      if (attribute.equals("bool")) {
        pickle.write(0x89);
      } else if (attribute.equals("int")) {
        pickle.write(new byte[] {'K', 0});
      } else if (attribute.equals("float")) {
        pickle.write(new byte[] {'G', 0, 0, 0, 0, 0, 0, 0, 0});
      } else if (attribute.equals("str")) {
        pickle.write(new byte[] {'X', 0, 0, 0, 0});
      } else if (attribute.startsWith("List[")) {
        pickle.write(']');
      } else if (attribute.startsWith("Dict[")) {
        pickle.write('}');
      } else {
        throw new IllegalStateException(
            "Attribute " + name + " has type " + attribute + ", which has no empty value here.");
      }
    }
    pickle.write("ub.".getBytes(StandardCharsets.US_ASCII));
    return pickle.toByteArray();
  }
}
