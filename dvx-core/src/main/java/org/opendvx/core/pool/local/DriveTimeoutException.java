package org.opendvx.core.pool.local;

import java.io.IOException;

/** A drive did not answer within the time limit; whether it carried the work out is unknown. */
final class DriveTimeoutException extends IOException {
  private static final long serialVersionUID = 1L;

  DriveTimeoutException(long millis) {
    super("no answer within " + millis + " ms");
  }
}
