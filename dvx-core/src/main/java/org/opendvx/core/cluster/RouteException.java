package org.opendvx.core.cluster;

/** A host did not answer for a file. Cheap: without a stack trace. */
final class RouteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What is known of the operation. */
  enum Fate {
    /** It was not run: ask the right host. */
    NOT_RUN,
    /** It may have been run, or not, or may yet be. */
    UNKNOWN
  }

  private final Fate fate;

  RouteException(Fate fate, String why) {
    super(why, null, false, false);
    this.fate = fate;
  }

  static RouteException notRun(String why) {
    return new RouteException(Fate.NOT_RUN, why);
  }

  static RouteException unknown(String why) {
    return new RouteException(Fate.UNKNOWN, why);
  }

  Fate fate() {
    return fate;
  }
}
