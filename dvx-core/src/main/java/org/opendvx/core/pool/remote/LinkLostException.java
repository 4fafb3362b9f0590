package org.opendvx.core.pool.remote;

import java.io.IOException;

/** The connection ended before the reply came: what became of the request is not known. */
final class LinkLostException extends IOException {
  private static final long serialVersionUID = 1L;

  LinkLostException(String message) {
    super(message);
  }
}
