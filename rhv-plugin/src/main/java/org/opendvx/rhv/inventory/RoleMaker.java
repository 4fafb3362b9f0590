package org.opendvx.rhv.inventory;

import static org.ovirt.engine.sdk4.builders.Builders.permit;
import static org.ovirt.engine.sdk4.builders.Builders.role;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.types.ClusterLevel;
import org.ovirt.engine.sdk4.types.Permit;
import org.ovirt.engine.sdk4.types.Role;

/**
 * Makes the role with the least permits that DVX's account needs. It is an administrator's role,
 * since others see nothing of the system without a filter.
 */
public final class RoleMaker {
  private static final String DOING = "The engine cannot make the role";

  /** What the account needs, and nothing else. */
  public static final List<String> PERMITS =
      List.of(
          "login",
          "create_storage_domain",
          "manipulate_storage_domain",
          "delete_storage_domain",
          "import_export_vm",
          "create_vm",
          "delete_vm",
          "vm_basic_operations",
          "migrate_vm",
          "edit_vm_properties",
          "configure_vm_network",
          "configure_vm_storage",
          "create_disk",
          "attach_disk",
          "edit_disk_properties",
          "delete_disk",
          "manipulate_vm_snapshots");

  private final EngineSession session;

  /** Over a session, whose account must be allowed to make roles. */
  public RoleMaker(EngineSession session) {
    this.session = session;
  }

  /**
   * Makes the role, or gives the one of that name exactly the permits. Idempotent.
   *
   * @return the names of its permits; those that this engine does not have are left out
   */
  public List<String> make(String name) {
    if (!name.matches("[\\p{L}\\p{N}_ -]{1,100}")) {
      throw DvxException.of(Kind.INVALID, DOING)
          .cause("a role's name has 1 to 100 letters, digits, spaces, - and _")
          .build();
    }
    Map<String, Permit> known = known();
    List<String> wanted = PERMITS.stream().filter(known::containsKey).toList();
    Optional<Role> there = find(name);
    if (there.isEmpty()) {
      List<Permit> permits = new ArrayList<>();
      wanted.forEach(each -> permits.add(identity(known, each)));
      try {
        session.change(
            DOING,
            system ->
                system
                    .rolesService()
                    .add()
                    .role(
                        role()
                            .name(name)
                            .description("What OpenDVX needs")
                            .administrative(true)
                            .permits(permits))
                    .send());
        return wanted;
      } catch (DvxException e) {
        // Made meanwhile, or by our own call whose answer was lost.
        there = e.kind() == Kind.EXISTS || e.kind().isTransient() ? find(name) : Optional.empty();
        if (there.isEmpty()) {
          throw e;
        }
      }
    }
    adjust(there.get(), known, wanted);
    return wanted;
  }

  private Optional<Role> find(String name) {
    return session.read(DOING, system -> system.rolesService().list().send().roles()).stream()
        .filter(each -> name.equals(each.name()))
        .findFirst();
  }

  private void adjust(Role role, Map<String, Permit> known, List<String> wanted) {
    if (role.mutablePresent() && !role.mutable()) {
      throw DvxException.of(Kind.INVALID, DOING)
          .cause(role.name() + " is one of the engine's own roles")
          .remedy("choose another name")
          .build();
    }
    List<Permit> now =
        session.read(
            DOING,
            system ->
                system
                    .rolesService()
                    .roleService(role.id())
                    .permitsService()
                    .list()
                    .send()
                    .permits());
    List<String> names = now.stream().map(Permit::name).toList();
    for (String each : wanted) {
      if (!names.contains(each)) {
        session.change(
            DOING,
            system ->
                system
                    .rolesService()
                    .roleService(role.id())
                    .permitsService()
                    .add()
                    .permit(identity(known, each))
                    .send());
      }
    }
    for (Permit each : now) {
      if (!wanted.contains(each.name())) {
        session.change(
            DOING,
            system ->
                system
                    .rolesService()
                    .roleService(role.id())
                    .permitsService()
                    .permitService(each.id())
                    .remove()
                    .send());
      }
    }
  }

  private static Permit identity(Map<String, Permit> known, String name) {
    Permit it = known.get(name);
    return permit().id(it == null ? "" : it.id()).build();
  }

  /** The permits of this engine by name. */
  private Map<String, Permit> known() {
    Map<String, Permit> known = new HashMap<>();
    List<ClusterLevel> levels =
        session.read(DOING, system -> system.clusterLevelsService().list().send().levels());
    for (ClusterLevel level : levels) {
      if (level.permitsPresent()) {
        level.permits().forEach(each -> known.put(each.name(), each));
      }
    }
    return known;
  }
}
