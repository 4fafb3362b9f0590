package org.opendvx.core.peer;

/** A peer does not do what it was asked, as it may. */
final class PeerRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PeerRefusedException(String why) {
    super(why, null, false, false);
  }
}
