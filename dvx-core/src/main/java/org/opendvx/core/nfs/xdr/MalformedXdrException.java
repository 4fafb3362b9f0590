package org.opendvx.core.nfs.xdr;

/** Bytes from a client that are not what the protocol prescribes. Without a stack trace: cheap. */
public final class MalformedXdrException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Says what is wrong, in a constant phrase. */
  public MalformedXdrException(String message) {
    super(message, null, false, false);
  }
}
