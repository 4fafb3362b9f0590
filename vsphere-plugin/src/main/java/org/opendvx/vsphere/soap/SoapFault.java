package org.opendvx.vsphere.soap;

import com.vmware.vim25.MethodFault;
import java.rmi.RemoteException;
import org.jspecify.annotations.Nullable;

/**
 * A fault that vCenter answered with. The type is kept as vCenter names it, so that faults newer
 * than the library's model are told apart too.
 */
public final class SoapFault extends RemoteException {
  private static final long serialVersionUID = 1L;

  private final String type;
  private final String text;
  private final transient @Nullable MethodFault fault;

  /**
   * @param type vSphere's name of the fault, such as {@code NotAuthenticated}; empty when it gave
   *     none
   * @param text vCenter's own words, possibly empty
   * @param fault the fault's fields where the library knows the type
   */
  public SoapFault(String type, String text, @Nullable MethodFault fault) {
    super(type.isEmpty() ? text : text.isEmpty() ? type : type + ": " + text);
    this.type = type;
    this.text = text;
    this.fault = fault;
  }

  /** vSphere's name of the fault. */
  public String type() {
    return type;
  }

  /** vCenter's own words, possibly empty. */
  public String text() {
    return text;
  }

  /** The fault's fields, or null where the library does not know the type. */
  public @Nullable MethodFault fault() {
    return fault;
  }

  /** Whether the fault is of one of these types. */
  public boolean is(String... types) {
    for (String each : types) {
      if (type.equals(each)) {
        return true;
      }
    }
    return false;
  }
}
