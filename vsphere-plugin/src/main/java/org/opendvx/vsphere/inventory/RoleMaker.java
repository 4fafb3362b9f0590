package org.opendvx.vsphere.inventory;

import com.vmware.vim25.AuthorizationRole;
import com.vmware.vim25.ManagedObjectReference;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.PropertyRow;
import org.opendvx.vsphere.session.VimSession;

/** Makes the role with the least privileges that DVX's account needs. */
public final class RoleMaker {
  private static final String DOING = "vCenter cannot make the role";

  /** What the account needs, and nothing else. */
  public static final List<String> PRIVILEGES =
      List.of(
          "System.Anonymous",
          "System.Read",
          "System.View",
          "Datastore.Browse",
          "Datastore.FileManagement",
          "Extension.Register",
          "Extension.Unregister",
          "Extension.Update",
          "Host.Config.Storage",
          "Network.Assign",
          "Resource.AssignVMToPool",
          "Task.Create",
          "Task.Update",
          "VirtualMachine.Config.AddExistingDisk",
          "VirtualMachine.Config.AddNewDisk",
          "VirtualMachine.Config.AdvancedConfig",
          "VirtualMachine.Config.RemoveDisk",
          "VirtualMachine.Interact.AnswerQuestion",
          "VirtualMachine.Interact.PowerOff",
          "VirtualMachine.Interact.PowerOn",
          "VirtualMachine.Inventory.Register",
          "VirtualMachine.Inventory.Unregister");

  private final VimSession session;
  private final Properties properties;

  /**
   * What was done.
   *
   * @param created false when the role was there and was given exactly these privileges
   */
  public record Result(String role, boolean created, List<String> privileges) {}

  /** Works over this session. */
  public RoleMaker(VimSession session) {
    this.session = session;
    this.properties = new Properties(session);
  }

  /** Makes the role, or gives the one of that name exactly the privileges. Idempotent. */
  public Result make(String name) {
    if (name.isBlank()) {
      throw DvxException.of(Kind.INVALID, DOING).cause("it has no name").build();
    }
    ManagedObjectReference manager =
        session.read(DOING, (_, content) -> content.getAuthorizationManager());
    String[] privileges = PRIVILEGES.toArray(String[]::new);
    for (AuthorizationRole role : roles(manager)) {
      if (name.equals(role.getName())) {
        return update(manager, role, privileges);
      }
    }
    try {
      session.change(DOING, (port, _) -> port.addAuthorizationRole(manager, name, privileges));
      return new Result(name, true, PRIVILEGES);
    } catch (DvxException e) {
      // Made by somebody else meanwhile, or by our own call whose answer was lost.
      if (e.kind() == Kind.EXISTS || e.kind().isTransient()) {
        for (AuthorizationRole role : roles(manager)) {
          if (name.equals(role.getName())) {
            return update(manager, role, privileges);
          }
        }
      }
      throw e;
    }
  }

  private Result update(
      ManagedObjectReference manager, AuthorizationRole role, String[] privileges) {
    if (role.isSystem()) {
      throw DvxException.of(Kind.INVALID, DOING)
          .cause(role.getName() + " is one of vCenter's own roles")
          .remedy("choose another name")
          .build();
    }
    session.change(
        DOING,
        (port, _) -> {
          port.updateAuthorizationRole(manager, role.getRoleId(), role.getName(), privileges);
          return "";
        });
    return new Result(role.getName(), false, PRIVILEGES);
  }

  private AuthorizationRole[] roles(ManagedObjectReference manager) {
    PropertyRow row = properties.one(DOING, manager, "roleList");
    return row.get("roleList", AuthorizationRole[].class).orElse(new AuthorizationRole[0]);
  }
}
