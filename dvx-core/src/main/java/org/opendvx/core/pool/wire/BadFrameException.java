package org.opendvx.core.pool.wire;

/** The other side sent what the protocol does not allow; the connection is closed. */
public final class BadFrameException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says what is wrong with a frame. */
  public BadFrameException(String message) {
    super(message);
  }
}
