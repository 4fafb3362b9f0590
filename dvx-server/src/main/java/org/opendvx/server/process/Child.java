package org.opendvx.server.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** A program that runs until it is told to stop, and writes a file when it is ready. */
public final class Child implements AutoCloseable {
  private static final Duration STEP = Duration.ofMillis(20);
  private static final Duration STOP = Duration.ofSeconds(5);
  private static final int TOLD = 1500;

  private final String name;
  private final Process process;
  private final Path log;

  private Child(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /**
   * Starts it.
   *
   * @param name for messages, such as "the node"
   * @param environment added to ours
   * @param log gets all that it prints
   */
  public static Child start(
      String name, List<String> command, Map<String, String> environment, Path folder, Path log) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    try {
      Process process = builder.start();
      process.getOutputStream().close();
      return new Child(name, process, log);
    } catch (IOException e) {
      throw DvxException.of(Kind.UNAVAILABLE, "The program of " + name + " cannot be started")
          .causedBy(e)
          .detail("command", command.getFirst())
          .build();
    }
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** Whether it runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Waits for the file that it writes when it is ready, and returns its text. */
  public String awaitFile(Path file, Duration limit) throws InterruptedException {
    long end = System.nanoTime() + limit.toNanos();
    while (!Files.exists(file)) {
      if (!process.isAlive()) {
        throw failed("It ended with " + process.exitValue());
      }
      if (System.nanoTime() > end) {
        throw failed("It is not ready after " + limit.toSeconds() + " s");
      }
      Thread.sleep(STEP);
    }
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw DvxException.of(Kind.INTERNAL, "The ready file of " + name + " cannot be read")
          .causedBy(e)
          .detail("file", file)
          .build();
    }
  }

  private DvxException failed(String why) {
    return DvxException.of(Kind.UNAVAILABLE, "There is no " + name.replaceFirst("^the ", ""))
        .cause(why)
        .remedy("Its log tells more")
        .detail("log", log)
        .detail("last lines", "\n" + tail())
        .build();
  }

  /** The end of what it has printed. */
  public String tail() {
    try {
      String text = Files.readString(log);
      return text.length() <= TOLD ? text : text.substring(text.length() - TOLD);
    } catch (IOException e) {
      return "(the log cannot be read: " + e.getMessage() + ")";
    }
  }

  /** Asks it to stop, and kills it when it does not. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
