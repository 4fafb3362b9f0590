package org.opendvx.server.rest;

import org.opendvx.core.error.ErrorReport;
import org.opendvx.core.error.Kind;

/** A request that exceeds a limit of the protocol's own, with the HTTP status for it. */
final class LimitException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final transient ErrorReport report;
  private final Kind kind;

  LimitException(int status, ErrorReport report, Kind kind) {
    super(report.what(), null, false, false);
    this.status = status;
    this.report = report;
    this.kind = kind;
  }

  int status() {
    return status;
  }

  ErrorReport report() {
    return report;
  }

  Kind kind() {
    return kind;
  }
}
