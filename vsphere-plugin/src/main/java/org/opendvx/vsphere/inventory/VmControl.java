package org.opendvx.vsphere.inventory;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.OptionValue;
import com.vmware.vim25.VirtualMachineQuestionInfo;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmRef;
import org.opendvx.vsphere.session.Properties;
import org.opendvx.vsphere.session.PropertyRow;
import org.opendvx.vsphere.session.Tasks;
import org.opendvx.vsphere.session.VimSession;

/** Powers, registers and reloads machines. It makes no snapshot, and offers none. */
public final class VmControl {
  private static final int MOST_FOLDERS = 64;

  private final String hypervisor;
  private final String datastore;
  private final VimSession session;
  private final Properties properties;
  private final Tasks tasks;

  /**
   * Works over this session.
   *
   * @param hypervisor name of the connection, for references
   * @param datastore name of our datastore in the inventory
   */
  public VmControl(String hypervisor, String datastore, VimSession session) {
    this.hypervisor = hypervisor;
    this.datastore = datastore;
    this.session = session;
    this.properties = new Properties(session);
    this.tasks = new Tasks(properties);
  }

  /**
   * Powers on. "Moved or copied?" is answered with "copied" for a machine whose configuration says
   * that it is a copy ({@code uuid.action = create}, as a clone's does), else with "moved": a
   * machine that was restored is the one that it was, and keeps its ids and addresses.
   */
  public void powerOn(VmRef vm, Duration limit) {
    String doing = "The virtual machine " + vm + " cannot be powered on";
    AtomicReference<String> answered = new AtomicReference<>("");
    power(
        vm,
        PowerState.ON,
        doing,
        limit,
        (port, _) -> port.powerOnVM_Task(VmReader.reference(vm), null),
        () -> answer(vm, doing, answered));
  }

  /** Powers off hard. */
  public void powerOff(VmRef vm, Duration limit) {
    power(
        vm,
        PowerState.OFF,
        "The virtual machine " + vm + " cannot be powered off",
        limit,
        (port, _) -> port.powerOffVM_Task(VmReader.reference(vm)),
        () -> {});
  }

  private void power(
      VmRef vm,
      PowerState wanted,
      String doing,
      Duration limit,
      VimSession.Call<ManagedObjectReference> call,
      Runnable meanwhile) {
    if (power(vm, doing) == wanted) {
      return;
    }
    try {
      tasks.await(doing, session.change(doing, call), limit, meanwhile);
    } catch (DvxException e) {
      boolean maybeDone = e.kind() == Kind.CONFLICT || e.kind() == Kind.UNAVAILABLE;
      if (!maybeDone || power(vm, doing) != wanted) {
        throw e;
      }
    }
  }

  private PowerState power(VmRef vm, String doing) {
    return VmReader.power(
        properties
            .one(doing, VmReader.reference(vm), "runtime.powerState")
            .text("runtime.powerState"));
  }

  /** A machine that asks whether it was moved or copied waits for the answer. */
  private void answer(VmRef vm, String doing, AtomicReference<String> answered) {
    VirtualMachineQuestionInfo question =
        properties
            .one(doing, VmReader.reference(vm), "runtime.powerState", "runtime.question")
            .get("runtime.question", VirtualMachineQuestionInfo.class)
            .orElse(null);
    if (question == null || question.getId().equals(answered.get())) {
      return;
    }
    Optional<String> choice = Questions.answer(question, isCopy(vm, doing));
    if (choice.isEmpty()) {
      throw DvxException.of(Kind.CONFLICT, doing)
          .cause("it asks a question that only a person should answer: " + question.getText())
          .remedy("answer it in vCenter")
          .build();
    }
    session.change(
        doing,
        (port, _) -> {
          port.answerVM(VmReader.reference(vm), question.getId(), choice.get());
          return "";
        });
    answered.set(question.getId());
  }

  private boolean isCopy(VmRef vm, String doing) {
    OptionValue[] extra =
        properties
            .one(doing, VmReader.reference(vm), "runtime.powerState", "config.extraConfig")
            .get("config.extraConfig", OptionValue[].class)
            .orElse(new OptionValue[0]);
    return Arrays.stream(extra)
        .anyMatch(
            each ->
                "uuid.action".equalsIgnoreCase(each.getKey())
                    && "create".equalsIgnoreCase(String.valueOf(each.getValue())));
  }

  /** Has vCenter read the machine's configuration file again. */
  public void reload(VmRef vm) {
    session.change(
        "The virtual machine " + vm + " cannot be reloaded",
        (port, _) -> {
          port.reload(VmReader.reference(vm));
          return "";
        });
  }

  /** Takes a machine off the inventory; its files stay. */
  public void unregister(VmRef vm) {
    session.change(
        "The virtual machine " + vm + " cannot be unregistered",
        (port, _) -> {
          port.unregisterVM(VmReader.reference(vm));
          return "";
        });
  }

  /**
   * Registers a machine from its configuration file.
   *
   * @param configuration path from the datastore's root
   * @param likeVm whose folder, pool and host the new one gets
   */
  public VmRef register(String configuration, String name, VmRef likeVm, Duration limit) {
    String doing = "The virtual machine " + name + " cannot be registered";
    PropertyRow like =
        properties.one(
            doing, VmReader.reference(likeVm), "name", "parent", "resourcePool", "runtime.host");
    ManagedObjectReference folder =
        like.get("parent", ManagedObjectReference.class)
            .filter(each -> each.getType().equals("Folder"))
            .orElseThrow(() -> noPlace(doing, "it is in no folder"));
    ManagedObjectReference host =
        like.get("runtime.host", ManagedObjectReference.class).orElse(null);
    ManagedObjectReference pool =
        like.get("resourcePool", ManagedObjectReference.class).orElseGet(() -> poolOf(host, doing));
    return register(configuration, name, folder, pool, host, limit);
  }

  /**
   * Registers a machine on a host, in the topmost folder of the host's datacenter.
   *
   * @param hostName the host's name in the inventory
   */
  public VmRef registerOn(String configuration, String name, String hostName, Duration limit) {
    String doing = "The virtual machine " + name + " cannot be registered";
    ManagedObjectReference host =
        properties.all(doing, "HostSystem", "name").stream()
            .filter(each -> each.text("name").equals(hostName))
            .map(PropertyRow::object)
            .findFirst()
            .orElseThrow(() -> noPlace(doing, "vCenter has no host " + hostName));
    ManagedObjectReference folder =
        properties
            .one(doing, datacenterOf(host, doing), "vmFolder")
            .get("vmFolder", ManagedObjectReference.class)
            .orElseThrow(() -> noPlace(doing, "its datacenter has no folder for machines"));
    return register(configuration, name, folder, poolOf(host, doing), host, limit);
  }

  private ManagedObjectReference datacenterOf(ManagedObjectReference start, String doing) {
    ManagedObjectReference each = start;
    for (int depth = 0; depth < MOST_FOLDERS; depth++) {
      if (each.getType().equals("Datacenter")) {
        return each;
      }
      each =
          properties
              .one(doing, each, "name", "parent")
              .get("parent", ManagedObjectReference.class)
              .orElseThrow(() -> noPlace(doing, "its host is in no datacenter"));
    }
    throw noPlace(doing, "its host is nested too deeply");
  }

  /** Registers a machine in a place that is given. */
  public VmRef register(
      String configuration,
      String name,
      ManagedObjectReference folder,
      ManagedObjectReference pool,
      @Nullable ManagedObjectReference host,
      Duration limit) {
    String doing = "The virtual machine " + name + " cannot be registered";
    String path =
        new DatastorePath(datastoreOn(host), configuration.replaceFirst("^/+", "")).toString();
    ManagedObjectReference task =
        session.change(
            doing, (port, _) -> port.registerVM_Task(folder, path, name, false, pool, host));
    Object result = tasks.await(doing, task, limit, () -> {});
    if (result instanceof ManagedObjectReference vm) {
      return new VmRef(hypervisor, vm.getVal());
    }
    throw DvxException.of(Kind.UNAVAILABLE, doing)
        .cause("vCenter's task ended well and named no machine")
        .detail("task", task.getVal())
        .build();
  }

  /** The datastore's name on the host: vCenter renames it in a second datacenter. */
  private String datastoreOn(@Nullable ManagedObjectReference host) {
    DatastoreTable datastores = DatastoreTable.read(properties);
    Set<String> ours = datastores.aliases(datastore);
    if (host != null && ours.size() > 1) {
      PropertyRow row = properties.one("vCenter cannot show the host", host, "datastore");
      for (ManagedObjectReference each : row.references("datastore")) {
        Optional<DatastoreTable.Entry> known = datastores.byId(each.getVal());
        if (known.isPresent() && ours.contains(known.get().name())) {
          return known.get().name();
        }
      }
    }
    return datastore;
  }

  private ManagedObjectReference poolOf(@Nullable ManagedObjectReference host, String doing) {
    if (host == null) {
      throw noPlace(doing, "it has neither a resource pool nor a host");
    }
    ManagedObjectReference parent =
        properties
            .one(doing, host, "parent")
            .get("parent", ManagedObjectReference.class)
            .orElseThrow(() -> noPlace(doing, "its host has no parent"));
    return properties
        .one(doing, parent, "resourcePool")
        .get("resourcePool", ManagedObjectReference.class)
        .orElseThrow(() -> noPlace(doing, "its host has no resource pool"));
  }

  private static DvxException noPlace(String doing, String why) {
    return DvxException.of(Kind.CONFLICT, doing)
        .cause("it has no place in the inventory: " + why)
        .remedy("register the files by hand in vCenter")
        .build();
  }
}
