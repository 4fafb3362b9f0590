package org.opendvx.core.pool.local;

import java.io.IOException;

/** A shard that was read without an I/O error is not what was written. */
final class BadShardException extends IOException {
  private static final long serialVersionUID = 1L;

  BadShardException(String message) {
    super(message);
  }
}
