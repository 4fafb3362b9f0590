package org.opendvx.server.api;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.ErrorReport;
import org.opendvx.core.error.Kind;

/**
 * An error as RFC 9457 has it, with the four parts of ours.
 *
 * @param type names the kind
 * @param title what happened
 * @param detail why
 * @param instance the request's id, by which the log names it
 * @param kind for programs
 * @param remedy what to do
 */
public record Problem(
    String type,
    String title,
    int status,
    String detail,
    @Nullable String instance,
    String kind,
    String remedy,
    Map<String, String> details) {
  /** The media type. */
  public static final String MEDIA_TYPE = "application/problem+json";

  /** The problem that stands for an exception. */
  public static Problem of(DvxException error, @Nullable String instance) {
    return of(error.kind(), status(error.kind()), error.report(), instance);
  }

  /** A problem with a status of its own. */
  public static Problem of(Kind kind, int status, ErrorReport report, @Nullable String instance) {
    return new Problem(
        "urn:opendvx:problem:" + kind.name().toLowerCase(Locale.ROOT).replace('_', '-'),
        report.what(),
        status,
        report.cause(),
        instance,
        kind.name(),
        report.remedy(),
        report.details());
  }

  /** The exception that stands for this problem on the client's side. */
  public DvxException toException() {
    DvxException.Builder builder =
        DvxException.of(knownKind(), title.isBlank() ? "The node refused the request" : title)
            .cause(detail)
            .remedy(remedy);
    details.forEach(builder::detail);
    return builder.build();
  }

  /** The HTTP status of a kind. */
  public static int status(Kind kind) {
    return switch (kind) {
      case INVALID -> 400;
      case UNAUTHENTICATED -> 401;
      case DENIED -> 403;
      case NOT_FOUND -> 404;
      case EXISTS, CONFLICT -> 409;
      case INTERNAL, CORRUPT -> 500;
      case UNSUPPORTED -> 501;
      case UNAVAILABLE -> 503;
      case TIMEOUT -> 504;
      case NO_SPACE -> 507;
    };
  }

  private Kind knownKind() {
    for (Kind known : Kind.values()) {
      if (known.name().equals(kind)) {
        return known;
      }
    }
    return Kind.INTERNAL;
  }
}
