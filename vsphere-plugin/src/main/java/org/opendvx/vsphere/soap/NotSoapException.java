package org.opendvx.vsphere.soap;

import java.rmi.RemoteException;

/** Something answered that is not the vSphere API, or not in its form. */
public final class NotSoapException extends RemoteException {
  private static final long serialVersionUID = 1L;

  private final boolean passing;

  /**
   * @param message what came instead
   * @param passing whether the same request may well be answered properly a moment later
   */
  public NotSoapException(String message, boolean passing) {
    super(message);
    this.passing = passing;
  }

  /** The same, with the reason underneath. */
  public NotSoapException(String message, boolean passing, Throwable cause) {
    super(message, cause);
    this.passing = passing;
  }

  /** Whether the same request may well be answered properly a moment later. */
  public boolean passing() {
    return passing;
  }
}
