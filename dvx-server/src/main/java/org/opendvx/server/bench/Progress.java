package org.opendvx.server.bench;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Locale;
import org.opendvx.server.bench.load.LoadRunner;
import org.opendvx.server.bench.load.LoadStats;

/** One line on a terminal that is written over once a second; nothing in a pipe. */
final class Progress {
  private static final long SECOND = 1_000_000_000L;

  private final PrintWriter err;
  private final boolean shown;
  private Runnable onTick = () -> {};
  private String phase = "";
  private long last;
  private long operations;
  private long bytes;

  Progress(PrintWriter err, boolean shown) {
    this.err = err;
    this.shown = shown;
  }

  /** Whether a person looks at a terminal. */
  @SuppressWarnings("SystemConsoleNull") // from JDK 25 on it is null again without a terminal
  static boolean onTerminal() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  /** Has {@code work} done at every tick too. */
  void onTick(Runnable work) {
    onTick = work;
  }

  /** What the phases of a load report to. */
  LoadRunner.Monitor monitor(Runnable measuring) {
    return new LoadRunner.Monitor() {
      @Override
      public void tick(String name, LoadStats stats, long now) {
        onTick.run();
        show(name, stats, now);
      }

      @Override
      public void measuring() {
        measuring.run();
      }
    };
  }

  private void show(String name, LoadStats stats, long now) {
    if (!name.equals(phase)) {
      phase = name;
      last = now;
      operations = 0;
      bytes = 0;
    } else if (shown && now - last >= SECOND) {
      double seconds = (now - last) / (double) SECOND;
      err.print(
          String.format(
              Locale.ROOT,
              "\r%-11s %,10.0f IOPS %,10.1f MB/s   errors %d, mismatches %d   ",
              name,
              (stats.operations() - operations) / seconds,
              (stats.dataBytes() - bytes) / seconds / 1e6,
              stats.failed(),
              stats.mismatchCount()));
      err.flush();
      last = now;
      operations = stats.operations();
      bytes = stats.dataBytes();
    }
  }

  /** Leaves the line for what is printed next. */
  void end() {
    if (shown) {
      err.print("\r" + " ".repeat(90) + "\r");
      err.flush();
    }
  }
}
