package org.opendvx.core.nfs.v3;

import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The outcomes of NFSv3 procedures that this server gives (RFC 1813, section 2.6). */
public enum Nfs3Status {
  OK(0),
  PERM(1),
  NOENT(2),
  IO(5),
  ACCES(13),
  EXIST(17),
  XDEV(18),
  NOTDIR(20),
  ISDIR(21),
  INVAL(22),
  FBIG(27),
  NOSPC(28),
  ROFS(30),
  MLINK(31),
  NAMETOOLONG(63),
  NOTEMPTY(66),
  STALE(70),
  BADHANDLE(10001),
  NOT_SYNC(10002),
  BAD_COOKIE(10003),
  NOTSUPP(10004),
  TOOSMALL(10005),
  SERVERFAULT(10006),
  BADTYPE(10007),
  JUKEBOX(10008);

  private static final Logger log = LoggerFactory.getLogger(Nfs3Status.class);

  private static final long TELL_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final AtomicLong TOLD = new AtomicLong(System.nanoTime() - TELL_NANOS);
  private static final LongAdder UNTOLD = new LongAdder();

  private final int code;

  Nfs3Status(int code) {
    this.code = code;
  }

  /** The number on the wire. */
  public int code() {
    return code;
  }

  /** Whether the same call may succeed later, so that its outcome is not worth remembering. */
  boolean isTransient() {
    return this == JUKEBOX || this == IO || this == SERVERFAULT;
  }

  /** The name of a number, for metrics. */
  public static String nameOf(int code) {
    for (Nfs3Status each : values()) {
      if (each.code == code) {
        return each.name();
      }
    }
    return "OTHER";
  }

  /** What a client is told about a failure. Unexpected ones are logged. */
  static Nfs3Status of(Throwable failure) {
    return switch (failure) {
      case Nfs3Exception refused -> refused.status();
      case FileException refused -> of(refused);
      case TimeoutException _ -> JUKEBOX;
      case CompletionException wrapper when wrapper.getCause() != null -> of(wrapper.getCause());
      default -> {
        log.error("A request failed unexpectedly", failure);
        yield SERVERFAULT;
      }
    };
  }

  /** Every call fails while the store does: one line a second says enough. */
  private static void tell(FileException refused) {
    long now = System.nanoTime();
    long last = TOLD.get();
    if (now - last < TELL_NANOS || !TOLD.compareAndSet(last, now)) {
      UNTOLD.increment();
      return;
    }
    log.warn("I/O error: {} ({} more before)", refused.getMessage(), UNTOLD.sumThenReset());
    log.debug("Its cause", refused);
  }

  private static Nfs3Status of(FileException refused) {
    if (refused.error() == FileError.IO) {
      tell(refused);
    }
    return switch (refused.error()) {
      case NOT_PERMITTED -> PERM;
      case NOT_FOUND -> NOENT;
      case IO -> IO;
      case ACCESS_DENIED -> ACCES;
      case EXISTS -> EXIST;
      case CROSS_DEVICE -> XDEV;
      case NOT_DIRECTORY -> NOTDIR;
      case IS_DIRECTORY -> ISDIR;
      case INVALID -> INVAL;
      case FILE_TOO_LARGE -> FBIG;
      case NO_SPACE -> NOSPC;
      case READ_ONLY -> ROFS;
      case TOO_MANY_LINKS -> MLINK;
      case NAME_TOO_LONG -> NAMETOOLONG;
      case NOT_EMPTY -> NOTEMPTY;
      case STALE -> STALE;
      case NOT_SYNCHRONIZED -> NOT_SYNC;
      case BAD_COOKIE -> BAD_COOKIE;
      case NOT_SUPPORTED -> NOTSUPP;
      case BUSY -> JUKEBOX;
    };
  }
}
