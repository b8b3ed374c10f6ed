package io.foresight.jobs.input.files;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Local files under another scheme: notes what is asked of it, and fails where it is told to. */
public final class WatchedFileSystem extends RawLocalFileSystem {

  public static final List<String> REQUESTS = Collections.synchronizedList(new ArrayList<>());

  /** Bytes of a file that can be read. */
  public static volatile long readable = Long.MAX_VALUE;

  public static Configuration configuration() {
    Configuration hadoop = new Configuration();
    hadoop.set("fs.watched.impl", WatchedFileSystem.class.getName());
    return hadoop;
  }

  @Override
  public String getScheme() {
    return "watched";
  }

  @Override
  public URI getUri() {
    return URI.create("watched:///");
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    REQUESTS.add("status of " + path);
    return plain(super.getFileStatus(path));
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    REQUESTS.add("list of " + path);
    FileStatus[] all;
    List<String> before = List.copyOf(REQUESTS);
    try {
      all = super.listStatus(path);
    } finally {
      // The local file system asks itself for each file; a storage need not.
      REQUESTS.clear();
      REQUESTS.addAll(before);
    }
    FileStatus[] listed = all;
    FileStatus[] plain = new FileStatus[listed.length];
    Arrays.setAll(plain, i -> plain(listed[i]));
    return plain;
  }

  /** Without the permissions, which only a path of the scheme file has. */
  private static FileStatus plain(FileStatus status) {
    return new FileStatus(
        status.getLen(),
        status.isDirectory(),
        1,
        status.getBlockSize(),
        status.getModificationTime(),
        status.getPath());
  }

  @Override
  public FSDataInputStream open(Path path, int buffer) throws IOException {
    FSDataInputStream whole = super.open(path, buffer);
    return new FSDataInputStream(
        new FSInputStream() {
          @Override
          public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
          }

          @Override
          public int read(byte[] bytes, int offset, int count) throws IOException {
            long left = readable - whole.getPos();
            if (left <= 0) {
              throw new IOException("Connection reset");
            }
            return whole.read(bytes, offset, (int) Math.min(left, count));
          }

          @Override
          public void seek(long position) throws IOException {
            whole.seek(position);
          }

          @Override
          public long getPos() throws IOException {
            return whole.getPos();
          }

          @Override
          public boolean seekToNewSource(long target) {
            return false;
          }

          @Override
          public void close() throws IOException {
            whole.close();
          }
        });
  }
}
