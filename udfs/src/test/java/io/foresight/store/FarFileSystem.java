package io.foresight.store;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * This host's disk by the scheme {@code far}, through all of Hadoop's layers. Notes what was read
 * from where in the file {@code far.log}, fails after {@code far.fail-after} bytes, and takes
 * {@code far.delay} milliseconds for each read.
 */
public final class FarFileSystem extends RawLocalFileSystem {

  static Configuration configuration(java.nio.file.Path log) {
    Configuration configuration = new Configuration();
    configuration.set("fs.far.impl", FarFileSystem.class.getName());
    configuration.setBoolean("fs.far.impl.disable.cache", true);
    configuration.set("far.log", log.toString());
    return configuration;
  }

  @Override
  public URI getUri() {
    return URI.create("far:///");
  }

  @Override
  public String getScheme() {
    return "far";
  }

  @Override
  public FSDataInputStream open(Path path, int bufferSize) throws IOException {
    return new FSDataInputStream(new Reading(super.open(path, bufferSize), path.getName()));
  }

  private final class Reading extends FSInputStream {

    private final FSDataInputStream in;
    private final String name;
    private final int failAfter = getConf().getInt("far.fail-after", Integer.MAX_VALUE);
    private final int delay = getConf().getInt("far.delay", 0);
    private int sent;

    Reading(FSDataInputStream in, String name) {
      this.in = in;
      this.name = name;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (sent == 0) {
        Files.write(
            java.nio.file.Path.of(getConf().get("far.log")),
            List.of(name + " " + in.getPos()),
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND);
      }
      if (sent >= failAfter) {
        throw new IOException("the line went dead");
      }
      try {
        Thread.sleep(delay);
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      int read = in.read(buffer, offset, Math.min(length, failAfter - sent));
      sent += Math.max(0, read);
      return read;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException("Copies read many bytes at a time.");
    }

    @Override
    public void seek(long position) throws IOException {
      in.seek(position);
    }

    @Override
    public long getPos() throws IOException {
      return in.getPos();
    }

    @Override
    public boolean seekToNewSource(long position) throws IOException {
      return in.seekToNewSource(position);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
