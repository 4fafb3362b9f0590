package org.opendvx.core.peer;

/** A peer answered something that the protocol does not allow. */
final class BadReplyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  BadReplyException(String why) {
    super(why, null, false, false);
  }
}
