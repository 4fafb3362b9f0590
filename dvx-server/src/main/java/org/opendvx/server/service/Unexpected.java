package org.opendvx.server.service;

import org.opendvx.core.datastore.FileException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** Gives exceptions that were not meant for people their four parts. */
public final class Unexpected {
  private Unexpected() {}

  /** A fault of the program itself; the log has the stack. */
  public static DvxException fault(Throwable error) {
    return DvxException.of(Kind.INTERNAL, "The node failed at this")
        .cause("A fault of the program: " + error.getClass().getSimpleName())
        .causedBy(error)
        .remedy("Please report it with the node's log")
        .build();
  }

  /** A refusal of the datastore. */
  public static DvxException refused(String what, FileException error) {
    Kind kind =
        switch (error.error()) {
          case NOT_FOUND, STALE -> Kind.NOT_FOUND;
          case EXISTS -> Kind.EXISTS;
          case NOT_PERMITTED, ACCESS_DENIED, READ_ONLY -> Kind.DENIED;
          case NO_SPACE -> Kind.NO_SPACE;
          case BUSY, NOT_SYNCHRONIZED -> Kind.UNAVAILABLE;
          case IO, BAD_COOKIE -> Kind.INTERNAL;
          case NOT_SUPPORTED -> Kind.UNSUPPORTED;
          case CROSS_DEVICE,
              NOT_DIRECTORY,
              IS_DIRECTORY,
              INVALID,
              FILE_TOO_LARGE,
              TOO_MANY_LINKS,
              NAME_TOO_LONG,
              NOT_EMPTY ->
              Kind.INVALID;
        };
    return DvxException.of(kind, what)
        .causedBy(error)
        .remedy(
            kind.isTransient()
                ? "Try again in a while"
                : "Check the names; dvx datastore and dvx snapshot list show what is there")
        .build();
  }
}
