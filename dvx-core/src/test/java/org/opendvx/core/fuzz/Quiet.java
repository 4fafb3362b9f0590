package org.opendvx.core.fuzz;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/** Turns the log off: nonsense from outside is logged, and here there is nothing else. */
final class Quiet {
  private static final Logger LOG = (Logger) LoggerFactory.getLogger("org.opendvx");

  private Quiet() {}

  static void begin() {
    LOG.setLevel(Level.OFF);
  }

  /** As configured again. */
  static void end() {
    LOG.setLevel(null);
  }
}
