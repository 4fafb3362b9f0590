package org.opendvx.coordinator.pki;

/** A certificate or a request for one that is not accepted; the message says why. */
public final class BadCertificateException extends Exception {
  private static final long serialVersionUID = 1L;

  /** With the reason. */
  public BadCertificateException(String reason) {
    super(reason);
  }
}
