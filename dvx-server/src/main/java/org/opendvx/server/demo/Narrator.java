package org.opendvx.server.demo;

import java.io.PrintWriter;
import java.util.Locale;

/** Tells in short lines what is going on. Thread-safe. */
final class Narrator {
  private static final String INDENT = "      ";
  private static final int WIDTH = 96;

  private final PrintWriter out;
  private final long began = System.nanoTime();

  Narrator(PrintWriter out) {
    this.out = out;
  }

  /** The line that a step begins with. */
  synchronized void step(int number, int of, String title) {
    line("");
    line(String.format(Locale.ROOT, "[%d/%d] %s", number, of, title));
  }

  /** Something that a step found or did. */
  @SuppressWarnings("AnnotateFormatMethod") // the annotation's library is not among ours
  synchronized void say(String text, Object... values) {
    String whole = values.length == 0 ? text : String.format(Locale.ROOT, text, values);
    StringBuilder line = new StringBuilder();
    for (String word : whole.split(" ", -1)) {
      if (!line.isEmpty() && line.length() + word.length() >= WIDTH) {
        line(INDENT + line);
        line.setLength(0);
      }
      line.append(line.isEmpty() ? "" : " ").append(word);
    }
    line(INDENT + line);
  }

  /** Text as it is. */
  synchronized void plain(String text) {
    line(text);
  }

  /** Seconds since the beginning. */
  double seconds() {
    return (System.nanoTime() - began) / 1e9;
  }

  private void line(String text) {
    out.println(text);
    out.flush();
  }
}
