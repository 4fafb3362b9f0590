package org.opendvx.rhv.session;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.ovirt.engine.sdk4.Error;

/**
 * What the SDK's failures mean. It has one exception for all of them, with a text to be read:
 * {@code Fault reason is "Operation Failed". Fault detail is "[...]". HTTP response code is "409".}
 */
public final class EngineFaults {
  private static final Pattern CODE = Pattern.compile("HTTP response code is \"(\\d{3})\"");
  private static final Pattern DETAIL =
      Pattern.compile("Fault detail is \"(.*?)\"\\.?(?= HTTP response|$)", Pattern.DOTALL);
  private static final Pattern REASON =
      Pattern.compile("Fault reason is \"(.*?)\"\\.", Pattern.DOTALL);

  private EngineFaults() {}

  /** The kind of a failure. */
  public static Kind kind(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof DvxException told) {
        return told.kind();
      }
      if (each instanceof SSLHandshakeException || each instanceof SSLPeerUnverifiedException) {
        return Kind.INVALID;
      }
      if (each instanceof InterruptedIOException) {
        return Kind.TIMEOUT;
      }
      if (each instanceof SSLException || each instanceof IOException) {
        return Kind.UNAVAILABLE;
      }
      Kind said = each instanceof Error ? ofText(String.valueOf(each.getMessage())) : null;
      if (said != null) {
        return said;
      }
    }
    return Kind.UNAVAILABLE;
  }

  private static @Nullable Kind ofText(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (lower.contains("sso authentication")) {
      return Kind.UNAUTHENTICATED;
    }
    if (lower.contains("isn't the expected")) {
      // A page of a proxy or of an engine that is starting, instead of an answer.
      return Kind.UNAVAILABLE;
    }
    int code = code(text);
    if (code >= 400 && lower.contains("not authorized")) {
      return Kind.DENIED;
    }
    return switch (code) {
      case 0 -> null;
      case 400 -> Kind.INVALID;
      case 401 -> Kind.UNAUTHENTICATED;
      case 403 -> Kind.DENIED;
      case 404 -> Kind.NOT_FOUND;
      case 409 ->
          lower.contains("already in use") || lower.contains("already exist")
              ? Kind.EXISTS
              : Kind.CONFLICT;
      case 408, 504 -> Kind.TIMEOUT;
      default -> code >= 500 ? Kind.UNAVAILABLE : Kind.INVALID;
    };
  }

  /** The status of the HTTP answer in a failure's text, 0 when there is none. */
  static int code(String text) {
    Matcher matcher = CODE.matcher(text);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  /** Why it failed, in the engine's own words where it has any. */
  public static String reason(Throwable failure) {
    String said = "";
    for (Throwable each = failure; each != null; each = each.getCause()) {
      String text = String.valueOf(each.getMessage());
      if (each instanceof Error) {
        Matcher detail = DETAIL.matcher(text);
        if (detail.find()) {
          return detail.group(1).strip();
        }
        Matcher reason = REASON.matcher(text);
        if (reason.find()) {
          return reason.group(1).strip();
        }
        if (code(text) != 0) {
          return "the engine, or what stands before it, answers " + code(text);
        }
      }
      said = each.getMessage() == null ? each.getClass().getSimpleName() : text;
    }
    return said;
  }

  /** Whether asking the same again may help without anybody doing anything. */
  static boolean passing(Throwable failure) {
    // A token that was renewed and is refused again was lost in between.
    return kind(failure) == Kind.UNAVAILABLE
        || (failure instanceof Error && code(String.valueOf(failure.getMessage())) == 401);
  }

  /** The error for a person. */
  public static DvxException of(String doing, Throwable failure) {
    if (failure instanceof DvxException told) {
      return told;
    }
    Kind kind = kind(failure);
    return DvxException.of(kind, doing)
        .causedBy(failure)
        .cause(reason(failure))
        .remedy(remedy(kind, failure))
        .build();
  }

  private static String remedy(Kind kind, Throwable failure) {
    return switch (kind) {
      case UNAUTHENTICATED -> "check the account, its profile (user@profile) and the password file";
      case DENIED -> "give DVX's account the role that `dvx rhv role-create` makes, on the system";
      case INVALID ->
          tls(failure)
              ? "check the address, and the CA file or pinned fingerprint of the connection"
              : "see the cause; the engine refuses the request as it is";
      case TIMEOUT, UNAVAILABLE -> "check that the engine runs and is reached; then try again";
      case CONFLICT -> "wait until the engine has finished with the object, then try again";
      default -> "look at the engine's events";
    };
  }

  private static boolean tls(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof SSLException) {
        return true;
      }
    }
    return false;
  }
}
