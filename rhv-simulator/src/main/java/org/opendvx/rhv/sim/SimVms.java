package org.opendvx.rhv.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.opendvx.rhv.sim.SimApi.Answer;
import org.ovirt.engine.sdk4.internal.xml.XmlActionReader;
import org.ovirt.engine.sdk4.internal.xml.XmlDiskAttachmentReader;
import org.ovirt.engine.sdk4.internal.xml.XmlDiskAttachmentWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlDiskWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlNicReader;
import org.ovirt.engine.sdk4.internal.xml.XmlNicWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlSnapshotWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlVmReader;
import org.ovirt.engine.sdk4.internal.xml.XmlVmWriter;
import org.ovirt.engine.sdk4.types.Action;
import org.ovirt.engine.sdk4.types.Disk;
import org.ovirt.engine.sdk4.types.DiskAttachment;
import org.ovirt.engine.sdk4.types.HostStatus;
import org.ovirt.engine.sdk4.types.Nic;
import org.ovirt.engine.sdk4.types.Snapshot;
import org.ovirt.engine.sdk4.types.Vm;
import org.ovirt.engine.sdk4.types.VmStatus;

/** Machines of the simulated engine. */
final class SimVms {
  private static final long MIGRATION_MILLIS = 2_500;

  private final SimState state;
  private final SimDomains domains;
  private final Consumer<String> violation;

  SimVms(SimState state, SimDomains domains, Consumer<String> violation) {
    this.state = state;
    this.domains = domains;
    this.violation = violation;
  }

  Answer handle(
      SimApi api,
      String user,
      String method,
      String[] part,
      Map<String, String> query,
      byte[] body) {
    if (part.length == 1 && method.equals("GET")) {
      return Answer.of(
          xml ->
              XmlVmWriter.writeMany(
                  state.vms.values().stream().map(vm -> SimXml.of(state, vm)).iterator(), xml));
    }
    if (part.length == 1 && method.equals("POST")) {
      api.require(user, "create_vm");
      return add(SimXml.read(body, XmlVmReader::readOne));
    }
    SimState.Machine vm = state.vms.get(part[1]);
    if (vm == null) {
      throw Refusal.notFound(part[1]);
    }
    if (part.length == 2) {
      return switch (method) {
        case "GET" -> Answer.of(xml -> XmlVmWriter.writeOne(SimXml.of(state, vm), xml));
        case "DELETE" -> {
          api.require(user, "delete_vm");
          if (vm.status != VmStatus.DOWN) {
            throw Refusal.conflict("Cannot remove VM. VM is running.");
          }
          if (!"true".equals(query.get("detach_only"))) {
            vm.attachments.forEach(a -> state.disks.remove(a.disk()));
          }
          state.vms.remove(vm.id);
          yield Answer.done();
        }
        default -> throw api.unknown(method, String.join("/", part));
      };
    }
    return switch (part[2]) {
      case "migrate" -> {
        api.require(user, "migrate_vm");
        yield migrate(vm, SimXml.read(body, XmlActionReader::readOne));
      }
      case "diskattachments" -> attachments(api, user, method, part, vm, body);
      case "nics" -> nics(api, user, method, vm, body);
      case "snapshots" -> snapshots(api, method, part, vm);
      default -> {
        if (!method.equals("POST")) {
          throw api.unknown(method, String.join("/", part));
        }
        yield action(api, user, part, vm);
      }
    };
  }

  private Answer add(Vm wanted) {
    if (!wanted.namePresent() || !wanted.clusterPresent() || !wanted.templatePresent()) {
      throw new Refusal(400, "[Vm [name|cluster|template] required for add]");
    }
    if (state.vms.values().stream().anyMatch(vm -> vm.name.equals(wanted.name()))) {
      throw Refusal.conflict("Cannot add VM. The VM name is already in use.");
    }
    SimState.Machine vm = new SimState.Machine();
    vm.name = wanted.name();
    if (wanted.commentPresent()) {
      vm.comment = wanted.comment();
    }
    if (wanted.memoryPresent()) {
      vm.memory = wanted.memoryAsLong();
    }
    if (wanted.cpuPresent()) {
      vm.cores = wanted.cpu().topology().coresAsInteger();
      if (wanted.cpu().topology().socketsPresent()) {
        vm.sockets = wanted.cpu().topology().socketsAsInteger();
      }
    }
    if (wanted.osPresent()) {
      vm.os = wanted.os().type();
    }
    if (wanted.biosPresent() && wanted.bios().typePresent()) {
      vm.bios = wanted.bios().type();
    }
    vm.highlyAvailable = wanted.highAvailabilityPresent() && wanted.highAvailability().enabled();
    state.vms.put(vm.id, vm);
    return Answer.of(xml -> XmlVmWriter.writeOne(SimXml.of(state, vm), xml));
  }

  private Answer attachments(
      SimApi api, String user, String method, String[] part, SimState.Machine vm, byte[] body) {
    if (part.length == 3 && method.equals("GET")) {
      return Answer.of(
          xml ->
              XmlDiskAttachmentWriter.writeMany(
                  vm.attachments.stream().map(a -> SimXml.of(vm, a)).iterator(), xml));
    }
    if (part.length == 3 && method.equals("POST")) {
      api.require(user, "attach_disk");
      api.require(user, "configure_vm_storage");
      DiskAttachment wanted = SimXml.read(body, XmlDiskAttachmentReader::readOne);
      SimState.Image image =
          wanted.diskPresent() && wanted.disk().idPresent()
              ? state.disks.get(wanted.disk().id())
              : null;
      if (image == null) {
        throw Refusal.notFound("disk");
      }
      if (image.locked()) {
        throw Refusal.conflict("Cannot attach Virtual Disk: disk is locked.");
      }
      SimState.Attachment made =
          new SimState.Attachment(
              image.id,
              wanted.bootablePresent() && wanted.bootable(),
              wanted.interface_(),
              wanted.activePresent() && wanted.active());
      vm.attachments.add(made);
      return Answer.of(xml -> XmlDiskAttachmentWriter.writeOne(SimXml.of(vm, made), xml));
    }
    throw api.unknown(method, String.join("/", part));
  }

  private Answer nics(SimApi api, String user, String method, SimState.Machine vm, byte[] body) {
    if (method.equals("GET")) {
      return Answer.of(
          xml -> XmlNicWriter.writeMany(vm.cards.stream().map(SimXml::of).iterator(), xml));
    }
    api.require(user, "configure_vm_network");
    Nic wanted = SimXml.read(body, XmlNicReader::readOne);
    String mac =
        wanted.macPresent()
            ? wanted.mac().address()
            : "56:6f:00:00:00:%02x".formatted(state.vms.size() + vm.cards.size());
    if (state.vms.values().stream()
        .flatMap(each -> each.cards.stream())
        .anyMatch(card -> card.mac().equals(mac))) {
      throw Refusal.conflict("Cannot add Interface. MAC Address " + mac + " is already in use.");
    }
    String profile = wanted.vnicProfilePresent() ? wanted.vnicProfile().id() : "";
    if (!profile.isEmpty() && !profile.equals(state.profile)) {
      throw Refusal.notFound("vNIC profile");
    }
    SimState.Card card =
        new SimState.Card(UUID.randomUUID().toString(), wanted.name(), mac, profile);
    vm.cards.add(card);
    return Answer.of(xml -> XmlNicWriter.writeOne(SimXml.of(card), xml));
  }

  private Answer snapshots(SimApi api, String method, String[] part, SimState.Machine vm) {
    if (!method.equals("GET")) {
      state.snapshotsAsked++;
      violation.accept("a snapshot of the engine was asked for: " + String.join("/", part));
      throw new Refusal(400, "[no]");
    }
    if (part.length == 3) {
      List<Snapshot> all = new ArrayList<>();
      all.add(SimXml.active(vm));
      vm.layers.forEach(layer -> all.add(SimXml.of(layer)));
      return Answer.of(xml -> XmlSnapshotWriter.writeMany(all.iterator(), xml));
    }
    if (part.length == 5 && part[4].equals("disks")) {
      List<Disk> all = new ArrayList<>();
      for (SimState.Layer layer : vm.layers) {
        if (layer.id().equals(part[3])) {
          layer
              .images()
              .forEach(
                  (disk, image) -> {
                    SimState.Image copy = new SimState.Image(disk);
                    copy.image = image;
                    copy.domain = state.image(disk).domain;
                    copy.size = state.image(disk).size;
                    all.add(SimXml.of(copy));
                  });
        }
      }
      return Answer.of(xml -> XmlDiskWriter.writeMany(all.iterator(), xml));
    }
    throw api.unknown(method, String.join("/", part));
  }

  private Answer action(SimApi api, String user, String[] part, SimState.Machine vm) {
    switch (part[2]) {
      case "start" -> {
        api.require(user, "vm_basic_operations");
        start(vm);
      }
      case "stop" -> {
        api.require(user, "vm_basic_operations");
        if (vm.status == VmStatus.DOWN) {
          throw Refusal.conflict("Cannot stop VM. VM is not running.");
        }
        vm.status = VmStatus.DOWN;
        vm.host = "";
        vm.frozen = false;
        state.happened(33, "VM " + vm.name + " powered off", vm.id, null);
      }
      case "freezefilesystems" -> {
        api.require(user, "manipulate_vm_snapshots");
        freeze(vm);
      }
      case "thawfilesystems" -> {
        api.require(user, "manipulate_vm_snapshots");
        thaw(vm);
      }
      case "cancelmigration" -> {
        api.require(user, "migrate_vm");
        if (vm.status != VmStatus.MIGRATING) {
          throw Refusal.conflict("Cannot cancel migration. VM is not migrating.");
        }
        vm.status = VmStatus.UP;
        vm.migration = 0;
        state.happened(161, "Migration of " + vm.name + " was cancelled", vm.id, vm.host);
      }
      default -> throw api.unknown("POST", String.join("/", part));
    }
    return Answer.done();
  }

  /** Answers at once; the move is over some time later. */
  private Answer migrate(SimState.Machine vm, Action wanted) {
    if (vm.status != VmStatus.UP) {
      throw Refusal.conflict("Cannot migrate VM. VM is not running.");
    }
    SimState.Host target = state.hostNamed(wanted.host().name());
    String source = vm.host;
    String text = " (VM: " + vm.name + ", Destination: " + target.name + ")";
    vm.status = VmStatus.MIGRATING;
    long migration = ++state.migrations;
    vm.migration = migration;
    state.happened(62, "Migration started" + text, vm.id, source);
    CompletableFuture.delayedExecutor(MIGRATION_MILLIS, TimeUnit.MILLISECONDS)
        .execute(
            () -> {
              synchronized (state) {
                if (vm.migration == migration) {
                  vm.status = VmStatus.UP;
                  vm.host = target.id;
                  vm.migration = 0;
                  state.happened(63, "Migration completed" + text, vm.id, source);
                }
              }
            });
    return Answer.done();
  }

  private void start(SimState.Machine vm) {
    if (vm.status != VmStatus.DOWN) {
      throw Refusal.conflict("Cannot run VM. VM is running.");
    }
    for (SimState.Attachment a : vm.attachments) {
      if (state.image(a.disk()).locked()) {
        throw Refusal.conflict("Cannot run VM: disk is locked.");
      }
    }
    SimState.Host host =
        state.hosts.values().stream()
            .filter(each -> each.status == HostStatus.UP)
            .findFirst()
            .orElseThrow(() -> Refusal.conflict("Cannot run VM. There is no host."));
    vm.status = VmStatus.UP;
    vm.host = host.id;
    state.happened(153, "VM " + vm.name + " was started", vm.id, host.id);
  }

  private void freeze(SimState.Machine vm) {
    if (vm.status != VmStatus.UP) {
      throw Refusal.conflict("Cannot freeze VM. VM is not running.");
    }
    if (!vm.agent) {
      state.happened(10769, "Failed to freeze " + vm.name, vm.id, vm.host);
      throw new Refusal(400, "[Guest agent non responsive]");
    }
    if (vm.frozen) {
      violation.accept("a frozen guest is frozen again");
    }
    vm.frozen = true;
    vm.frozenAt = System.nanoTime();
    vm.freezes++;
    state.happened(10767, "File systems of " + vm.name + " are frozen", vm.id, vm.host);
  }

  private void thaw(SimState.Machine vm) {
    if (vm.status != VmStatus.UP) {
      throw Refusal.conflict("Cannot thaw VM. VM is not running.");
    }
    if (!vm.agent) {
      state.happened(10770, "Failed to thaw " + vm.name, vm.id, vm.host);
      throw new Refusal(400, "[Guest agent non responsive]");
    }
    if (vm.frozen) {
      vm.longestFrozen = Math.max(vm.longestFrozen, System.nanoTime() - vm.frozenAt);
    }
    vm.frozen = false;
    vm.thaws++;
    state.happened(10768, "File systems of " + vm.name + " are thawed", vm.id, vm.host);
  }

  SimDomains domains() {
    return domains;
  }
}
