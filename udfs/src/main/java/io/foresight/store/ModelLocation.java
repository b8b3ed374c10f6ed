package io.foresight.store;

import io.foresight.model.text.ModelException;
import io.foresight.settings.Secrets;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;

/** Where a model lies, as the driver found it out for every host. Immutable. */
public sealed interface ModelLocation extends Serializable {

  /** A scheme of two letters at least; what has none is a path. */
  Pattern URI = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/.*");

  /** A folder that every host has at this path. */
  record Folder(String path) implements ModelLocation {}

  /** A folder below the one that Spark ships files to, whose path every process has its own of. */
  record Shipped(String name) implements ModelLocation {

    /** The folder in this process. */
    Path folder() {
      if (SparkEnv.get() == null) {
        throw refused(
            ModelStore.SHIPPED + name, "no Spark application runs. Start one, or give a folder.");
      }
      Path folder = Path.of(SparkFiles.getRootDirectory()).resolve(name);
      if (!Files.isDirectory(folder)) {
        throw refused(
            ModelStore.SHIPPED + name,
            "Spark has shipped no folder of that name. Ship it with --archives %s.zip#%s."
                .formatted(name, name));
      }
      return folder;
    }
  }

  /** A folder that hosts copy. */
  record Remote(RemoteModel model) implements ModelLocation {}

  /**
   * Finds out. A remote folder is listed, so that all hosts copy the same version of it.
   *
   * @param given a path; a URI that Hadoop knows, of which {@code file:} is a path; or {@code
   *     spark-files:NAME}
   * @throws ModelException if it is none of these, or cannot be listed
   */
  static ModelLocation of(String given, Configuration hadoop) {
    if (Secrets.inUri(given)) {
      throw refused(given, "its URI holds credentials. " + Secrets.WHERE_TO_GIVE_THEM);
    }
    if (given.startsWith(ModelStore.SHIPPED)) {
      Path name = Path.of(given.substring(ModelStore.SHIPPED.length())).normalize();
      if (name.isAbsolute() || name.startsWith("..")) {
        throw refused(given, "it leads out of the folder of shipped files. Give a name below it.");
      }
      return new Shipped(name.toString());
    }
    if (!URI.matcher(given).matches()) {
      return new Folder(given);
    }
    try {
      org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(given);
      if (!path.toUri().getScheme().equalsIgnoreCase("file")) {
        return new Remote(RemoteModel.list(given, hadoop));
      }
      if (path.toUri().getAuthority() != null) {
        throw refused(given, "a file: URI names no host. Write file:///path.");
      }
      return new Folder(path.toUri().getPath());
    } catch (ModelException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Hadoop reports a missing client, a malformed path and failed credentials as either.
      throw new ModelException(
          "Cannot load model %s: %s. Check the path, the access to it, and that Spark has a client for its scheme."
              .formatted(given, Secrets.reason(e)),
          e);
    }
  }

  private static ModelException refused(String given, String reason) {
    return new ModelException("Cannot load model %s: %s".formatted(Secrets.hidden(given), reason));
  }
}
