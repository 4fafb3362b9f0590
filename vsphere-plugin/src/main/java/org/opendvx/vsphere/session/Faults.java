package org.opendvx.vsphere.session;

import com.vmware.vim25.LocalizedMethodFault;
import com.vmware.vim25.MethodFault;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.rmi.RemoteException;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.vsphere.soap.CallTimeoutException;
import org.opendvx.vsphere.soap.NotSoapException;
import org.opendvx.vsphere.soap.SoapFault;

/** Tells vCenter's failures to a person. */
public final class Faults {
  /** What a host answers when it cannot mount. */
  private static final Set<String> HOST_CONFIGURATION =
      Set.of(
          "HostConfigFault",
          "HostConfigFailed",
          "PlatformConfigFault",
          "NasConfigFault",
          "InvalidNetworkResource",
          "NetworkInaccessible",
          "NasConnectionLimitReached",
          "NoPermissionOnNasVolume");

  private Faults() {}

  /** Whether the session has been lost. */
  public static boolean sessionLost(Throwable e) {
    return e instanceof SoapFault fault && fault.is("NotAuthenticated");
  }

  /** Whether the same read may succeed a moment later. */
  public static boolean passing(Throwable e) {
    if (e instanceof NotSoapException odd) {
      return odd.passing();
    }
    if (e instanceof SoapFault fault) {
      return fault.is("HostCommunication", "HostNotReachable", "HostNotConnected");
    }
    return e instanceof RemoteException && !untrusted(e);
  }

  /** The error for {@code doing} (such as "vCenter cannot list its hosts"). */
  public static DvxException of(String doing, Throwable e) {
    if (e instanceof DvxException told) {
      return told;
    }
    DvxException.Builder error = DvxException.of(kind(e), doing).causedBy(e).cause(reason(e));
    String remedy = remedy(e);
    return (remedy.isEmpty() ? error : error.remedy(remedy)).build();
  }

  /** The reason in one line, innermost words included. */
  public static String reason(Throwable e) {
    if (untrusted(e)) {
      return "vCenter's certificate is not trusted: " + innermost(e);
    }
    if (e instanceof SoapFault
        || e instanceof NotSoapException
        || e instanceof CallTimeoutException) {
      return String.valueOf(e.getMessage());
    }
    String message = e.getMessage();
    String inner = innermost(e);
    if (message == null || message.isBlank()) {
      return inner;
    }
    return message.contains(inner) ? message : message + " (" + inner + ")";
  }

  /** The reason of a task's or a property's fault. */
  public static String reason(@Nullable LocalizedMethodFault fault) {
    if (fault == null) {
      return "vCenter gave no reason";
    }
    String type = typeOf(fault);
    String words = fault.getLocalizedMessage();
    if (words == null || words.isBlank()) {
      return type.isEmpty() ? "vCenter gave no reason" : type;
    }
    return type.isEmpty() || words.contains(type) ? words : type + ": " + words;
  }

  /** vSphere's name of a task's or a property's fault, or empty. */
  public static String typeOf(@Nullable LocalizedMethodFault fault) {
    MethodFault inner = fault == null ? null : fault.getFault();
    return inner == null ? "" : inner.getClass().getSimpleName();
  }

  static Kind kind(Throwable e) {
    return switch (e) {
      case SoapFault fault -> kindOf(fault.type());
      case CallTimeoutException _ -> Kind.TIMEOUT;
      case NotSoapException odd -> odd.passing() ? Kind.UNAVAILABLE : Kind.INVALID;
      case RemoteException _ -> untrusted(e) ? Kind.UNAUTHENTICATED : Kind.UNAVAILABLE;
      default -> Kind.INTERNAL;
    };
  }

  /** The kind of a vSphere fault by its name. */
  public static Kind kindOf(String fault) {
    return switch (fault) {
      case "NotAuthenticated", "InvalidLogin", "PasswordExpired", "NoClientCertificate" ->
          Kind.UNAUTHENTICATED;
      case "NoPermission", "RestrictedVersion", "InvalidLicense" -> Kind.DENIED;
      case "ManagedObjectNotFound", "NotFound", "FileNotFound" -> Kind.NOT_FOUND;
      case "DuplicateName", "AlreadyExists", "FileAlreadyExists" -> Kind.EXISTS;
      case "InvalidPowerState",
          "InvalidState",
          "ResourceInUse",
          "TaskInProgress",
          "ConcurrentAccess",
          "FileLocked" ->
          Kind.CONFLICT;
      case "InvalidArgument", "InvalidName", "InvalidDatastore", "InvalidDatastorePath" ->
          Kind.INVALID;
      case "MethodNotFound", "NotSupported", "NotImplemented", "MethodDisabled" -> Kind.UNSUPPORTED;
      case "NoDiskSpace" -> Kind.NO_SPACE;
      case "Timedout" -> Kind.TIMEOUT;
      default -> Kind.UNAVAILABLE;
    };
  }

  private static String remedy(Throwable e) {
    if (untrusted(e)) {
      return "compare the fingerprint with the one that vCenter shows, then configure it, or the"
          + " file of the authority that issued it";
    }
    if (e instanceof SoapFault fault && HOST_CONFIGURATION.contains(fault.type())) {
      return "check that the host reaches the node's NFS address, and has not reached its limit of"
          + " NFS datastores (NFS.MaxVolumes)";
    }
    return switch (kind(e)) {
      case UNAUTHENTICATED -> "check the user and the password of the vCenter connection";
      case DENIED ->
          "give the account the role that 'dvx vcenter role-create' makes, on the vCenter itself";
      case UNAVAILABLE, TIMEOUT ->
          e instanceof SoapFault
              ? "look at the object in vCenter, then try again"
              : "check that vCenter answers at its address, then try again";
      case UNSUPPORTED -> "this vCenter does not offer the call";
      default -> "";
    };
  }

  private static boolean untrusted(Throwable e) {
    for (Throwable each = e; each != null; each = each.getCause()) {
      if (each instanceof java.security.cert.CertificateException
          || (each instanceof SSLException
              && each.getCause() == null
              && String.valueOf(each.getMessage()).contains("certificate"))) {
        return true;
      }
    }
    return false;
  }

  private static String innermost(Throwable e) {
    Throwable last = e;
    for (int i = 0; i < 20 && last.getCause() != null; i++) {
      last = last.getCause();
    }
    String message = last.getMessage();
    String plain =
        switch (last) {
          case ConnectException _ -> "the connection was refused";
          case UnknownHostException _ -> "the host name is unknown";
          case java.nio.channels.UnresolvedAddressException _ -> "the host name is unknown";
          case java.nio.channels.ClosedChannelException _ -> "the connection was closed";
          default -> "";
        };
    if (!plain.isEmpty()) {
      return plain;
    }
    return message == null || message.isBlank() ? last.getClass().getSimpleName() : message;
  }
}
