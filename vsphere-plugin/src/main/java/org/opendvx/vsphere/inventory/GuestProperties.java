package org.opendvx.vsphere.inventory;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.OptionValue;
import com.vmware.vim25.VirtualMachineConfigSpec;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.vm.GuestInfo;
import org.opendvx.core.vm.VmRef;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.Tasks;
import org.opendvx.vsphere.session.VimSession;

/**
 * Passes facts into machines as {@code guestinfo} variables, which VMware's tools hand to the guest
 * and to nobody else. Needs VirtualMachine.Config.AdvancedConfig.
 */
public final class GuestProperties implements GuestInfo {
  private static final String PROPERTY = "guestinfo.dvx.nonce";
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final String hypervisor;
  private final VimSession session;
  private final Tasks tasks;

  /** Works over this session. */
  public GuestProperties(String hypervisor, VimSession session) {
    this.hypervisor = hypervisor;
    this.session = session;
    this.tasks = new Tasks(new Properties(session));
  }

  @Override
  public String property() {
    return PROPERTY;
  }

  @Override
  public void set(VmRef vm, String value) {
    String doing = "A fact cannot be passed into the virtual machine " + vm;
    OptionValue option = new OptionValue();
    option.setKey(PROPERTY);
    option.setValue(value);
    VirtualMachineConfigSpec spec = new VirtualMachineConfigSpec();
    spec.setExtraConfig(new OptionValue[] {option});
    ManagedObjectReference task =
        session.change(doing, (port, _) -> port.reconfigVM_Task(VmReader.reference(vm), spec));
    Object _ = tasks.await(doing, task, LIMIT, () -> {});
  }

  /** One of them when several share it: the others must be enrolled by a token. */
  @Override
  public List<VmRef> byBiosUuid(String uuid) {
    ManagedObjectReference found =
        session.read(
            "vCenter cannot look for a virtual machine",
            (port, content) -> port.findByUuid(content.getSearchIndex(), null, uuid, true, false));
    return found == null ? List.of() : List.of(new VmRef(hypervisor, found.getVal()));
  }
}
