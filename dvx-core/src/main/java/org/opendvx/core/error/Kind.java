package org.opendvx.core.error;

/**
 * What sort of failure this is, as far as a caller must act differently on it. Each front end maps
 * a kind to its own vocabulary: an NFS status, an HTTP status, an exit code.
 */
public enum Kind {
  /** The request or the configuration is wrong and stays wrong however often it is repeated. */
  INVALID,
  /** The named thing does not exist. */
  NOT_FOUND,
  /** The thing to be made is already there. */
  EXISTS,
  /** The state changed under the caller (a version, an epoch, a lease); read again and retry. */
  CONFLICT,
  /** The caller is known and may not do this. */
  DENIED,
  /** The caller has not proved who it is. */
  UNAUTHENTICATED,
  /** No room, now; deleting or adding drives helps. */
  NO_SPACE,
  /** A part that is needed is not there at present; the same request may succeed later. */
  UNAVAILABLE,
  /** No answer within the time limit; whether the request was carried out is unknown. */
  TIMEOUT,
  /** Stored bytes failed their check and could not be rebuilt. */
  CORRUPT,
  /** Understood, and not offered here. */
  UNSUPPORTED,
  /** A fault of the program itself. */
  INTERNAL;

  /** Whether repeating the same request, unchanged, can succeed without anybody doing anything. */
  public boolean isTransient() {
    return switch (this) {
      case CONFLICT, UNAVAILABLE, TIMEOUT -> true;
      case INVALID,
          NOT_FOUND,
          EXISTS,
          DENIED,
          UNAUTHENTICATED,
          NO_SPACE,
          CORRUPT,
          UNSUPPORTED,
          INTERNAL ->
          false;
    };
  }
}
