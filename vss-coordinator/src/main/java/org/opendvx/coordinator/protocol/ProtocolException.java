package org.opendvx.coordinator.protocol;

/** What the other side sent is not the protocol; the connection ends with this code. */
public final class ProtocolException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final RefusalCode code;

  /** Ends the connection with a code and words for a person. */
  public ProtocolException(RefusalCode code, String message) {
    super(message);
    this.code = code;
  }

  /** The code of {@code refused}. */
  public RefusalCode code() {
    return code;
  }
}
