package org.opendvx.core.error;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The one exception whose text is meant for a person. Everything that crosses a boundary of the
 * product (REST, the command line, a log line above DEBUG) is told as one of these.
 *
 * <p>Build one with {@link #of(Kind, String)}:
 *
 * <pre>{@code
 * throw DvxException.of(Kind.NO_SPACE, "The pool is full")
 *     .cause("All 6 drives are above 97 %")
 *     .remedy("Delete snapshots or add a drive")
 *     .detail("pool", name)
 *     .build();
 * }</pre>
 */
public final class DvxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Kind kind;
  private final transient ErrorReport report;

  private DvxException(Kind kind, ErrorReport report, @Nullable Throwable source) {
    super(oneLine(report), source);
    this.kind = kind;
    this.report = report;
  }

  /** Starts an error of the given kind; {@code what} is one sentence without a full stop. */
  public static Builder of(Kind kind, String what) {
    return new Builder(kind, what);
  }

  /** The category that front ends map to a status. */
  public Kind kind() {
    return kind;
  }

  /** The four parts. */
  public ErrorReport report() {
    return report;
  }

  /** The four parts as several lines, for a terminal. */
  public String render() {
    return report.render();
  }

  private static String oneLine(ErrorReport report) {
    return report.cause().isBlank() ? report.what() : report.what() + ": " + report.cause();
  }

  /** Collects the parts of an error. Not thread-safe; used once. */
  public static final class Builder {
    private final Kind kind;
    private final String what;
    private final Map<String, String> details = new LinkedHashMap<>();
    private String cause = "";
    private String remedy = "";
    private @Nullable Throwable source;

    private Builder(Kind kind, String what) {
      this.kind = kind;
      this.what = what;
    }

    /** Says why it happened. */
    public Builder cause(String text) {
      this.cause = text;
      return this;
    }

    /**
     * Names the exception underneath; its message becomes the cause unless {@link #cause(String)}
     * gives one.
     */
    public Builder causedBy(Throwable throwable) {
      this.source = throwable;
      return this;
    }

    /** Says what the reader can do. */
    public Builder remedy(String text) {
      this.remedy = text;
      return this;
    }

    /** Adds a name and a value that help to find the spot; never a secret. */
    public Builder detail(String name, @Nullable Object value) {
      details.put(name, String.valueOf(value));
      return this;
    }

    /** The finished exception, to be thrown by the caller. */
    public DvxException build() {
      return new DvxException(kind, new ErrorReport(what, causeText(), remedy, details), source);
    }

    private String causeText() {
      if (!cause.isBlank() || source == null) {
        return cause;
      }
      String message = source.getMessage();
      return message == null || message.isBlank() ? source.getClass().getSimpleName() : message;
    }
  }
}
