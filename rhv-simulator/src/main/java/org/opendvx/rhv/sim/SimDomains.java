package org.opendvx.rhv.sim;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.opendvx.rhv.sim.SimApi.Answer;
import org.ovirt.engine.sdk4.internal.xml.XmlActionReader;
import org.ovirt.engine.sdk4.internal.xml.XmlDiskReader;
import org.ovirt.engine.sdk4.internal.xml.XmlDiskWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlStorageDomainReader;
import org.ovirt.engine.sdk4.internal.xml.XmlStorageDomainWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlVmWriter;
import org.ovirt.engine.sdk4.types.Disk;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.ovirt.engine.sdk4.types.HostStatus;
import org.ovirt.engine.sdk4.types.StorageDomain;
import org.ovirt.engine.sdk4.types.StorageDomainStatus;

/** Storage domains and disks of the simulated engine, with their files where vdsm puts them. */
final class SimDomains {
  /** How long an asynchronous step takes. */
  static final long STEP_MILLIS = 40;

  private final SimState state;
  private final HostMount mount;
  private final String folder;

  SimDomains(SimState state, HostMount mount, String folder) {
    this.state = state;
    this.mount = mount;
    this.folder = folder;
  }

  private SimState.Domain domain(String id) {
    SimState.Domain found = state.domains.get(id);
    if (found == null) {
      throw Refusal.notFound(id);
    }
    found.settle();
    return found;
  }

  /** {@code /datacenters/ID/storagedomains...}. */
  Answer attached(SimApi api, String user, String method, String[] part, byte[] body) {
    if (!part[1].equals(state.dataCenter) || !part[2].equals("storagedomains")) {
      throw api.unknown(method, String.join("/", part));
    }
    if (part.length == 3 && method.equals("GET")) {
      return list(true);
    }
    if (part.length == 3 && method.equals("POST")) {
      api.require(user, "manipulate_storage_domain");
      SimState.Domain it = domain(SimXml.read(body, XmlStorageDomainReader::readOne).id());
      if (it.attached) {
        throw Refusal.conflict("Cannot attach Storage. The Storage Domain is already attached.");
      }
      it.attached = true;
      it.towards(StorageDomainStatus.LOCKED, StorageDomainStatus.ACTIVE, STEP_MILLIS);
      state.happened(962, "Storage Domain " + it.name + " was attached", null, null);
      return one(it, true);
    }
    SimState.Domain it = domain(part[3]);
    if (!it.attached) {
      throw Refusal.notFound(part[3]);
    }
    if (part.length == 4 && method.equals("GET")) {
      return one(it, true);
    }
    api.require(user, "manipulate_storage_domain");
    if (part.length == 4 && method.equals("DELETE")) {
      requireStatus(it, StorageDomainStatus.MAINTENANCE, "detach");
      it.attached = false;
      it.status = StorageDomainStatus.UNATTACHED;
      it.next = StorageDomainStatus.UNATTACHED;
      forgetMachines(it);
      state.happened(964, "Storage Domain " + it.name + " was detached", null, null);
      return Answer.done();
    }
    if (method.equals("POST") && part.length == 5 && part[4].equals("activate")) {
      requireStatus(it, StorageDomainStatus.MAINTENANCE, "activate");
      it.towards(StorageDomainStatus.ACTIVATING, StorageDomainStatus.ACTIVE, STEP_MILLIS);
      return Answer.done();
    }
    if (method.equals("POST") && part.length == 5 && part[4].equals("deactivate")) {
      requireStatus(it, StorageDomainStatus.ACTIVE, "deactivate");
      boolean used =
          state.vms.values().stream()
              .filter(vm -> !vm.host.isEmpty())
              .flatMap(vm -> vm.attachments.stream())
              .anyMatch(a -> state.image(a.disk()).domain.equals(it.id));
      if (used) {
        throw Refusal.conflict(
            "Cannot deactivate Storage while there are running VMs on this Storage Domain.");
      }
      writeOvfStore(it);
      it.towards(
          StorageDomainStatus.PREPARING_FOR_MAINTENANCE,
          StorageDomainStatus.MAINTENANCE,
          STEP_MILLIS);
      return Answer.done();
    }
    throw api.unknown(method, String.join("/", part));
  }

  private static void requireStatus(SimState.Domain it, StorageDomainStatus wanted, String what) {
    if (it.status != wanted) {
      throw Refusal.conflict(
          "Cannot " + what + " Storage. The relevant Storage Domain's status is " + it.status);
    }
  }

  /** {@code /storagedomains...}. */
  Answer handle(
      SimApi api,
      String user,
      String method,
      String[] part,
      Map<String, String> query,
      byte[] body) {
    if (part.length == 1) {
      if (method.equals("GET")) {
        return list(false);
      }
      return add(api, user, SimXml.read(body, XmlStorageDomainReader::readOne));
    }
    SimState.Domain it = domain(part[1]);
    if (part.length == 2 && method.equals("GET")) {
      return one(it, false);
    }
    if (part.length == 2 && method.equals("DELETE")) {
      return remove(api, user, it, query);
    }
    if (part.length == 3 && part[2].equals("updateovfstore") && method.equals("POST")) {
      api.require(user, "manipulate_storage_domain");
      writeOvfStore(it);
      return Answer.done();
    }
    if (part.length == 3 && part[2].equals("vms") && method.equals("GET")) {
      var machines = "true".equals(query.get("unregistered")) ? unregistered(it) : onDomain(it);
      return Answer.of(
          xml ->
              XmlVmWriter.writeMany(
                  machines.values().stream().map(vm -> SimXml.of(state, vm)).iterator(), xml));
    }
    if (part.length == 3 && part[2].equals("disks") && method.equals("GET")) {
      return Answer.of(
          xml ->
              XmlDiskWriter.writeMany(
                  state.disks.values().stream()
                      .filter(image -> image.domain.equals(it.id))
                      .map(SimXml::of)
                      .iterator(),
                  xml));
    }
    if (part.length == 5 && part[4].equals("register") && method.equals("POST")) {
      api.require(user, "import_export_vm");
      return register(it, part[3], body);
    }
    throw api.unknown(method, String.join("/", part));
  }

  private Answer add(SimApi api, String user, StorageDomain wanted) {
    api.require(user, "create_storage_domain");
    boolean taken =
        state.domains.values().stream().anyMatch(each -> each.name.equals(wanted.name()));
    if (wanted.namePresent() && taken) {
      throw Refusal.conflict("Cannot add Storage. Storage Domain name is already in use.");
    }
    SimState.Host host =
        state.hosts.values().stream()
            .filter(
                each ->
                    (wanted.host().idPresent() && each.id.equals(wanted.host().id()))
                        || (wanted.host().namePresent() && each.name.equals(wanted.host().name())))
            .findFirst()
            .orElseThrow(() -> Refusal.notFound("host"));
    if (host.status != HostStatus.UP) {
      throw Refusal.conflict("Cannot add Storage. The host is not up.");
    }
    boolean importing = wanted.import_Present() && wanted.import_();
    String address = wanted.storage().address();
    String path = wanted.storage().path();
    if (state.domains.values().stream()
        .anyMatch(each -> each.path.equals(path) && each.address.equals(address))) {
      throw Refusal.conflict("Cannot add Storage Connection. Storage connection already exists.");
    }
    String id = importing ? wanted.id() : UUID.randomUUID().toString();
    if (importing && !mount.exists(folder + "/" + id + "/dom_md/metadata")) {
      throw new Refusal(400, "[Storage domain does not exist: (" + id + ")]");
    }
    if (!importing) {
      for (String name : List.of("ids", "leases", "inbox", "outbox")) {
        mount.makeFile(folder + "/" + id + "/dom_md/" + name, 1 << 20);
      }
      mount.makeFile(folder + "/" + id + "/dom_md/metadata", 0);
      mount.write(
          folder + "/" + id + "/dom_md/metadata",
          0,
          ("CLASS=Data\nSDUUID=" + id + "\n").getBytes(StandardCharsets.UTF_8));
      mount.makeFolders(folder + "/" + id + "/images");
    }
    String name = wanted.namePresent() ? wanted.name() : "imported";
    SimState.Domain it = new SimState.Domain(id, name, address, path);
    state.domains.put(id, it);
    state.happened(956, "Storage Domain " + name + " was added", null, null);
    return one(it, false);
  }

  private Answer remove(SimApi api, String user, SimState.Domain it, Map<String, String> query) {
    api.require(user, "delete_storage_domain");
    if (it.attached) {
      throw Refusal.conflict("Cannot remove Storage. The Storage Domain is attached.");
    }
    if (!query.containsKey("host") && !query.containsKey("destroy")) {
      throw new Refusal(400, "[host is required]");
    }
    if ("true".equals(query.get("format"))) {
      mount.removeFolder(folder + "/" + it.id + "/dom_md");
    }
    state.domains.remove(it.id);
    state.happened(960, "Storage Domain " + it.name + " was removed", null, null);
    return Answer.done();
  }

  private Answer register(SimState.Domain it, String id, byte[] body) {
    if (!it.attached || it.status != StorageDomainStatus.ACTIVE) {
      throw Refusal.conflict("Cannot import VM. The Storage Domain is not active.");
    }
    var wanted = SimXml.read(body, XmlActionReader::readOne);
    if (!wanted.clusterPresent()) {
      throw new Refusal(400, "[cluster is required]");
    }
    SimState.Machine machine = unregistered(it).get(id);
    if (machine == null) {
      throw Refusal.notFound(id);
    }
    state.vms.put(id, machine);
    for (SimState.Attachment each : machine.attachments) {
      SimState.Image image = forgotten.get(each.disk());
      if (image != null) {
        state.disks.put(image.id, image);
      }
    }
    state.happened(174, "VM " + machine.name + " has been registered", id, null);
    return Answer.done();
  }

  private final Map<String, SimState.Image> forgotten = new LinkedHashMap<>();

  private Map<String, SimState.Machine> onDomain(SimState.Domain it) {
    Map<String, SimState.Machine> found = new LinkedHashMap<>();
    for (SimState.Machine vm : state.vms.values()) {
      for (SimState.Attachment a : vm.attachments) {
        SimState.Image image = state.image(a.disk());
        if (image != null && image.domain.equals(it.id)) {
          found.put(vm.id, vm);
        }
      }
    }
    return found;
  }

  private Map<String, SimState.Machine> unregistered(SimState.Domain it) {
    Map<String, SimState.Machine> stored =
        new LinkedHashMap<>(state.ovfStores.getOrDefault(it.id, Map.of()));
    stored.keySet().removeAll(state.vms.keySet());
    return stored;
  }

  private void writeOvfStore(SimState.Domain it) {
    state.ovfStores.put(it.id, onDomain(it));
  }

  /** Detaching takes the machines along. */
  void forgetMachines(SimState.Domain it) {
    for (SimState.Machine vm : onDomain(it).values()) {
      state.vms.remove(vm.id);
    }
    state.disks.values().stream()
        .filter(image -> image.domain.equals(it.id))
        .forEach(image -> forgotten.put(image.id, image));
    state.disks.values().removeIf(image -> image.domain.equals(it.id));
  }

  private Answer list(boolean onlyAttached) {
    state.domains.values().forEach(SimState.Domain::settle);
    return Answer.of(
        xml ->
            XmlStorageDomainWriter.writeMany(
                state.domains.values().stream()
                    .filter(each -> !onlyAttached || each.attached)
                    .map(each -> SimXml.of(each, onlyAttached))
                    .iterator(),
                xml));
  }

  private static Answer one(SimState.Domain it, boolean withStatus) {
    return Answer.of(xml -> XmlStorageDomainWriter.writeOne(SimXml.of(it, withStatus), xml));
  }

  /** {@code /disks...}. */
  Answer disks(SimApi api, String user, String method, String[] part, byte[] body) {
    if (part.length == 1 && method.equals("GET")) {
      return Answer.of(
          xml ->
              XmlDiskWriter.writeMany(
                  state.disks.values().stream().map(SimXml::of).iterator(), xml));
    }
    if (part.length == 1 && method.equals("POST")) {
      api.require(user, "create_disk");
      return addDisk(SimXml.read(body, XmlDiskReader::readOne));
    }
    SimState.Image image = state.disks.get(part[1]);
    if (image == null || part.length > 2) {
      throw Refusal.notFound(part[1]);
    }
    if (method.equals("GET")) {
      return Answer.of(xml -> XmlDiskWriter.writeOne(SimXml.of(image), xml));
    }
    if (method.equals("DELETE")) {
      api.require(user, "delete_disk");
      if (image.locked()) {
        throw Refusal.conflict("Cannot remove Virtual Disk: disk is locked.");
      }
      boolean used =
          state.vms.values().stream()
              .anyMatch(
                  vm ->
                      !vm.host.isEmpty()
                          && vm.attachments.stream().anyMatch(a -> a.disk().equals(image.id)));
      if (used) {
        throw Refusal.conflict("Cannot remove Virtual Disk: it is attached to a running VM.");
      }
      state.disks.remove(image.id);
      state.vms.values().forEach(vm -> vm.attachments.removeIf(a -> a.disk().equals(image.id)));
      mount.removeFolder(folder(image));
      return Answer.done();
    }
    throw api.unknown(method, String.join("/", part));
  }

  private Answer addDisk(Disk wanted) {
    if (!wanted.formatPresent() || !wanted.provisionedSizePresent()) {
      throw new Refusal(400, "[Disk [format|provisionedSize] required for add]");
    }
    SimState.Domain it = domain(wanted.storageDomains().getFirst().id());
    if (!it.attached || it.status != StorageDomainStatus.ACTIVE) {
      throw Refusal.conflict("Cannot add Virtual Disk. The Storage Domain is not active.");
    }
    SimState.Image image =
        new SimState.Image(wanted.idPresent() ? wanted.id() : UUID.randomUUID().toString());
    image.alias =
        wanted.namePresent() ? wanted.name() : wanted.aliasPresent() ? wanted.alias() : "";
    image.domain = it.id;
    image.size = wanted.provisionedSizeAsLong();
    image.format = wanted.format();
    image.sparse = wanted.sparsePresent() && wanted.sparse();
    image.lockedUntil = System.nanoTime() + STEP_MILLIS * 1_000_000;
    if (image.format != DiskFormat.RAW) {
      throw new Refusal(400, "[the simulator makes RAW disks only]");
    }
    state.disks.put(image.id, image);
    makeFiles(image, image.image, image.size);
    return Answer.of(xml -> XmlDiskWriter.writeOne(SimXml.of(image), xml));
  }

  String folder(SimState.Image image) {
    return folder + "/" + image.domain + "/images/" + image.id;
  }

  /** An image's three files, as vdsm lays them out. */
  void makeFiles(SimState.Image image, String id, long size) {
    String path = folder(image) + "/" + id;
    mount.makeFile(path, size);
    mount.makeFile(path + ".lease", 1 << 20);
    mount.makeFile(path + ".meta", 0);
    mount.write(
        path + ".meta",
        0,
        ("CAP=" + size + "\nFORMAT=" + image.format + "\nIMAGE=" + image.id + "\nEOF\n")
            .getBytes(StandardCharsets.UTF_8));
  }
}
