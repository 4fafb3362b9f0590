package org.opendvx.core.nfs.v3;

/** The front end itself refuses a request. Without a stack trace: an everyday answer. */
final class Nfs3Exception extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Nfs3Status status;

  Nfs3Exception(Nfs3Status status) {
    super(status.name(), null, false, false);
    this.status = status;
  }

  Nfs3Status status() {
    return status;
  }
}
