package org.opendvx.server.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Runs programs that come to an end by themselves, each within a time limit. Calls block. */
public final class Program {
  private static final int MOST_OUTPUT = 1 << 20;

  private final Path folder;

  /**
   * A runner.
   *
   * @param folder for what programs print, an existing one
   */
  public Program(Path folder) {
    this.folder = folder;
  }

  /**
   * What became of a program.
   *
   * @param exit its exit code
   * @param output standard output
   * @param errors standard error
   */
  public record Outcome(int exit, String output, String errors) {
    /** Whether it ended with 0. */
    public boolean isGood() {
      return exit == 0;
    }
  }

  /** Thrown when a program did not end in time; it has been killed. */
  public static final class TooLongException extends IOException {
    private static final long serialVersionUID = 1L;

    TooLongException(List<String> command, Duration limit) {
      super(command.getFirst() + " did not end within " + limit.toSeconds() + " s");
    }
  }

  /**
   * Runs a program and returns when it has ended.
   *
   * @param limit after it the program is killed
   */
  public Outcome run(Duration limit, List<String> command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile(folder, "output-", ".txt");
    Path errors = Files.createTempFile(folder, "errors-", ".txt");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectOutput(output.toFile())
              .redirectError(errors.toFile())
              .start();
      process.getOutputStream().close();
      try {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new TooLongException(command, limit);
        }
        return new Outcome(process.exitValue(), text(output), text(errors));
      } finally {
        process.destroyForcibly();
      }
    } finally {
      Files.deleteIfExists(output);
      Files.deleteIfExists(errors);
    }
  }

  /**
   * Runs a program that must succeed and returns what it printed.
   *
   * @param what the sentence that an error begins with
   */
  public String demand(String what, Duration limit, List<String> command)
      throws InterruptedException {
    try {
      Outcome outcome = run(limit, command);
      if (outcome.isGood()) {
        return outcome.output();
      }
      throw DvxException.of(Kind.INTERNAL, what)
          .cause(command.getFirst() + " ended with " + outcome.exit() + ": " + last(outcome))
          .detail("command", String.join(" ", command))
          .build();
    } catch (IOException e) {
      throw DvxException.of(Kind.UNAVAILABLE, what)
          .causedBy(e)
          .detail("command", String.join(" ", command))
          .build();
    }
  }

  private static String last(Outcome outcome) {
    String said = (outcome.errors() + outcome.output()).strip();
    return said.length() <= 600 ? said : "... " + said.substring(said.length() - 600);
  }

  private static String text(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MOST_OUTPUT), StandardCharsets.UTF_8);
    }
  }
}
