package org.opendvx.server.rest;

/** Too many refused tokens from one client. */
final class TooManyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long retryAfterSeconds;

  TooManyException(long retryAfterSeconds) {
    super("too many refused tokens", null, false, false);
    this.retryAfterSeconds = retryAfterSeconds;
  }

  long retryAfterSeconds() {
    return retryAfterSeconds;
  }
}
