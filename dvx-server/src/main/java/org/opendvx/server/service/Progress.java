package org.opendvx.server.service;

/** Tells how far work has come. */
@FunctionalInterface
public interface Progress {
  /** For work that nobody watches. */
  Progress NONE = (_, _) -> {};

  /**
   * Reports.
   *
   * @param percent 0 to 100
   * @param message what is being done, for a person
   */
  void at(int percent, String message);
}
