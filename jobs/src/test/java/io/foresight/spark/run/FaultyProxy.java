package io.foresight.spark.run;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Stands between a client and an HTTP server of this host, and makes of some connections what
 * networks do: answers 503, falls silent, or cuts the line in the middle of what the client sends.
 */
final class FaultyProxy implements AutoCloseable {

  /** Faults that are made, so that what goes on again and again comes to an end. */
  private static final int MOST = 15;

  private final ServerSocket server;
  private final int behind;
  private final Random random = new Random(10);
  private final AtomicInteger faults = new AtomicInteger();
  private volatile boolean faulty;

  FaultyProxy(int behind) throws IOException {
    this.behind = behind;
    server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    daemon(
        () -> {
          while (true) {
            Socket client = server.accept();
            daemon(() -> serve(client));
          }
        });
  }

  int port() {
    return server.getLocalPort();
  }

  /** From now on some connections fail, or none. */
  void faulty(boolean now) {
    faulty = now;
  }

  int faults() {
    return faults.get();
  }

  @FunctionalInterface
  private interface Work {
    void run() throws Exception;
  }

  private static void daemon(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (Exception e) {
                // A line that is cut ends here, which is what the proxy is for.
              }
            },
            "faulty-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void serve(Socket client) throws Exception {
    int chance;
    int bytes;
    synchronized (random) {
      chance = faulty && faults.get() < MOST ? random.nextInt(100) : 100;
      bytes = random.nextInt(60_000);
    }
    try (client;
        Socket upstream = new Socket(InetAddress.getLoopbackAddress(), behind)) {
      if (chance < 15) {
        faults.incrementAndGet();
        readHead(client.getInputStream());
        client
            .getOutputStream()
            .write(
                "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
        return;
      }
      if (chance < 20) {
        faults.incrementAndGet();
        readHead(client.getInputStream());
        Thread.sleep(4000);
        return;
      }
      // Kept alive, a connection would be the only one.
      int cutAfter = chance < 100 ? bytes : Integer.MAX_VALUE;
      daemon(
          () -> {
            try (client;
                upstream) {
              copy(upstream.getInputStream(), client.getOutputStream(), Integer.MAX_VALUE);
            }
          });
      if (copy(client.getInputStream(), upstream.getOutputStream(), cutAfter)) {
        faults.incrementAndGet();
        client.setSoLinger(true, 0);
      }
    }
  }

  private static void readHead(InputStream in) throws IOException {
    int newlines = 0;
    int read;
    while (newlines < 2 && (read = in.read()) >= 0) {
      newlines = read == '\n' ? newlines + 1 : read == '\r' ? newlines : 0;
    }
  }

  /** Returns whether there would have been more. */
  private static boolean copy(InputStream in, OutputStream out, int most) throws IOException {
    byte[] buffer = new byte[8192];
    long left = most;
    int read;
    while ((read = in.read(buffer)) >= 0) {
      if (read > left) {
        out.write(buffer, 0, (int) left);
        return true;
      }
      out.write(buffer, 0, read);
      out.flush();
      left -= read;
    }
    return false;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
