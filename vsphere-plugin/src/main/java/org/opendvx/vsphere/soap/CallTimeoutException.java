package org.opendvx.vsphere.soap;

import java.rmi.RemoteException;
import java.time.Duration;

/** A call was not answered in time; whether vCenter carried it out is unknown. */
public final class CallTimeoutException extends RemoteException {
  private static final long serialVersionUID = 1L;

  /** Names the method and its limit. */
  public CallTimeoutException(String method, Duration limit, Throwable cause) {
    super("no answer to " + method + " within " + limit.toMillis() + " ms", cause);
  }
}
