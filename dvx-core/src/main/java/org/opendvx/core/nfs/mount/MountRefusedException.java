package org.opendvx.core.nfs.mount;

/** A mount is refused. Without a stack trace: an everyday answer. */
final class MountRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final MountStatus status;

  MountRefusedException(MountStatus status) {
    super(status.name(), null, false, false);
    this.status = status;
  }

  MountStatus status() {
    return status;
  }
}
