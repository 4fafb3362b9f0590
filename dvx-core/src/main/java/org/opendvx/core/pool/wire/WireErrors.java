package org.opendvx.core.pool.wire;

import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.ErrorReport;
import org.opendvx.core.error.Kind;

/** Errors in replies: a number for the kind, and the four parts for people. */
public final class WireErrors {
  /** All went well. */
  public static final int OK = 0;

  /** A container has to be coded for another number of shards; the body says for how many. */
  public static final int OTHER_SHAPE = 100;

  /** The session does not hold that journal, for instance since the data node was started anew. */
  public static final int NOT_HELD = 101;

  private static final int MAX_TEXT = 8 << 10;
  private static final int MAX_DETAILS = 64;

  private WireErrors() {}

  /** The status of a kind of error. */
  public static int status(Kind kind) {
    return switch (kind) {
      case INVALID -> 1;
      case NOT_FOUND -> 2;
      case EXISTS -> 3;
      case CONFLICT -> 4;
      case DENIED -> 5;
      case UNAUTHENTICATED -> 6;
      case NO_SPACE -> 7;
      case UNAVAILABLE -> 8;
      case TIMEOUT -> 9;
      case CORRUPT -> 10;
      case UNSUPPORTED -> 11;
      case INTERNAL -> 12;
    };
  }

  /** The body of an error. */
  public static WireOut encode(DvxException error) {
    ErrorReport report = error.report();
    WireOut out = new WireOut().text(report.what()).text(report.cause()).text(report.remedy());
    int count = Math.min(MAX_DETAILS, report.details().size());
    out.u8(count);
    report.details().entrySet().stream()
        .limit(count)
        .forEach(detail -> out.text(detail.getKey()).text(detail.getValue()));
    return out;
  }

  /** An error as the other side told it. */
  public static DvxException decode(int status, WireIn in) {
    if (status >= OTHER_SHAPE) {
      return DvxException.of(
              Kind.UNAVAILABLE, "The data node does not know what a request is about")
          .cause("It answers " + status)
          .remedy("Try again")
          .build();
    }
    Kind kind = Kind.INTERNAL;
    for (Kind each : Kind.values()) {
      if (status(each) == status) {
        kind = each;
      }
    }
    String what = in.text(MAX_TEXT);
    DvxException.Builder error =
        DvxException.of(
            kind, what.isBlank() ? "The data node refuses, and does not say why" : what);
    error.cause(in.text(MAX_TEXT)).remedy(in.text(MAX_TEXT));
    int details = in.u8();
    for (int i = 0; i < details; i++) {
      error.detail(in.text(MAX_TEXT), in.text(MAX_TEXT));
    }
    return error.build();
  }

  /** What a side says of a frame that it cannot read. */
  public static DvxException malformed(BadFrameException error) {
    return DvxException.of(Kind.INVALID, "A request cannot be read")
        .causedBy(error)
        .remedy("Run the same version of the program on both sides")
        .build();
  }
}
