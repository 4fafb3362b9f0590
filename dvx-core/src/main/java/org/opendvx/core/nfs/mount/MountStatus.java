package org.opendvx.core.nfs.mount;

import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.opendvx.core.datastore.FileException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The outcomes of MNT (RFC 1813, section 5.1.5). */
enum MountStatus {
  OK(0),
  NOENT(2),
  IO(5),
  ACCES(13),
  NOTDIR(20),
  INVAL(22),
  NAMETOOLONG(63),
  SERVERFAULT(10006);

  private static final Logger log = LoggerFactory.getLogger(MountStatus.class);

  private final int code;

  MountStatus(int code) {
    this.code = code;
  }

  int code() {
    return code;
  }

  static MountStatus of(Throwable failure) {
    return switch (failure) {
      case MountRefusedException refused -> refused.status();
      case FileException refused ->
          switch (refused.error()) {
            case NOT_FOUND, STALE -> NOENT;
            case NOT_DIRECTORY -> NOTDIR;
            case ACCESS_DENIED, NOT_PERMITTED -> ACCES;
            case NAME_TOO_LONG -> NAMETOOLONG;
            case INVALID -> INVAL;
            default -> IO;
          };
      case CompletionException wrapper when wrapper.getCause() != null -> of(wrapper.getCause());
      case TimeoutException _ -> IO;
      default -> {
        log.error("A mount failed unexpectedly", failure);
        yield SERVERFAULT;
      }
    };
  }
}
