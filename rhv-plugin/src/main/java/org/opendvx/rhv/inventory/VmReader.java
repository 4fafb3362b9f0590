package org.opendvx.rhv.inventory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmDescription.ForeignDisk;
import org.opendvx.core.vm.VmDescription.VmDisk;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.services.SystemService;
import org.ovirt.engine.sdk4.services.VmService;
import org.ovirt.engine.sdk4.types.Disk;
import org.ovirt.engine.sdk4.types.DiskAttachment;
import org.ovirt.engine.sdk4.types.DiskStorageType;
import org.ovirt.engine.sdk4.types.Nic;
import org.ovirt.engine.sdk4.types.Snapshot;
import org.ovirt.engine.sdk4.types.SnapshotType;
import org.ovirt.engine.sdk4.types.StorageDomain;
import org.ovirt.engine.sdk4.types.Vm;
import org.ovirt.engine.sdk4.types.VmStatus;

/** Reads machines: which files of the datastore their disks are, and what cannot be frozen. */
public final class VmReader {
  /** Fact: the operating system's name in the engine. */
  public static final String OS = "guest";

  /** Fact: the status in the engine's own word, such as {@code paused}. */
  public static final String STATUS = "rhv.status";

  /** Fact: where the machine came from, such as {@code managed_hosted_engine}. */
  public static final String ORIGIN = "rhv.origin";

  private static final Pattern LINUX =
      Pattern.compile("linux|rhel|rhcos|centos|fedora|debian|ubuntu|sles|suse");

  private final String connection;
  private final String folder;
  private final Catalog catalog;
  private final EngineSession session;

  /**
   * Over a session.
   *
   * @param connection our name of the engine
   * @param folder the folder of the datastore that holds the domain
   */
  public VmReader(String connection, String folder, Catalog catalog, EngineSession session) {
    this.connection = connection;
    this.folder = folder;
    this.catalog = catalog;
    this.session = session;
  }

  /** All machines that the account may see: three requests. */
  public List<VmSummary> summaries() {
    Map<String, String> hosts = catalog.hostNames();
    Set<String> ours = new HashSet<>();
    Optional<StorageDomain> domain = catalog.domain();
    if (domain.isPresent()) {
      onDomain(domain.get().id()).forEach(vm -> ours.add(vm.id()));
    }
    List<VmSummary> summaries = new ArrayList<>();
    for (Vm vm : all()) {
      summaries.add(
          new VmSummary(
              new VmRef(connection, vm.id()),
              vm.name(),
              power(vm.status()),
              host(vm, hosts),
              ours.contains(vm.id())));
    }
    return summaries;
  }

  private List<Vm> onDomain(String id) {
    try {
      return session.read(
          "The engine cannot list the domain's machines",
          system ->
              system
                  .storageDomainsService()
                  .storageDomainService(id)
                  .vmsService()
                  .list()
                  .send()
                  .vm());
    } catch (DvxException e) {
      if (e.kind() == Kind.UNAVAILABLE || e.kind() == Kind.TIMEOUT) {
        throw e;
      }
      // A domain that is attached nowhere has no machines, which an engine may say as an error.
      return List.of();
    }
  }

  private List<Vm> all() {
    return session.read(
        "The engine cannot list its machines", system -> system.vmsService().list().send().vms());
  }

  /** Whether a system of the engine's list is a Linux; unnamed and unknown ones are not. */
  public static boolean linux(String os) {
    return LINUX.matcher(os.toLowerCase(Locale.ROOT)).find();
  }

  /** Whether it runs, in the port's words. A paused machine's memory is not on its disks. */
  public static PowerState power(@Nullable VmStatus status) {
    if (status == null) {
      return PowerState.UNKNOWN;
    }
    return switch (status) {
      case UP, POWERING_UP, POWERING_DOWN, REBOOT_IN_PROGRESS, MIGRATING, WAIT_FOR_LAUNCH ->
          PowerState.ON;
      case DOWN -> PowerState.OFF;
      case PAUSED, SUSPENDED, SAVING_STATE, RESTORING_STATE -> PowerState.SUSPENDED;
      case IMAGE_LOCKED, NOT_RESPONDING, UNASSIGNED, UNKNOWN -> PowerState.UNKNOWN;
    };
  }

  private static String host(Vm vm, Map<String, String> names) {
    return vm.hostPresent() && vm.host().idPresent()
        ? names.getOrDefault(vm.host().id(), vm.host().id())
        : "";
  }

  /** What is read of one machine. */
  private record Read(
      Vm vm,
      List<DiskAttachment> attachments,
      Map<String, Disk> disks,
      List<Nic> nics,
      List<Layer> layers) {}

  /** The images that a snapshot of the engine froze, by disk. */
  private record Layer(Map<String, String> images) {}

  /** One machine, read anew. */
  public VmDescription describe(VmRef ref) {
    String doing = "The engine cannot describe the machine " + ref.id();
    Read read = session.read(doing, system -> read(system, ref.id()));
    Map<String, String> hosts = catalog.hostNames();
    Optional<StorageDomain> domain = catalog.domain();
    Map<String, String> domainNames = new LinkedHashMap<>();
    catalog.domains().forEach(each -> domainNames.put(each.id(), each.name()));
    List<VmDisk> ours = new ArrayList<>();
    List<ForeignDisk> foreign = new ArrayList<>();
    List<String> files = new ArrayList<>();
    List<DiskAttachment> kept = new ArrayList<>();
    for (DiskAttachment attachment : read.attachments()) {
      Disk disk = read.disks().get(attachment.disk().id());
      if (disk == null) {
        foreign.add(
            new ForeignDisk(
                attachment.disk().id(), "it cannot be read", ForeignDisk.Reason.UNKNOWN));
        continue;
      }
      String label = label(disk, read.disks().values());
      ForeignDisk outside = outside(label, disk, domain, domainNames);
      if (outside != null) {
        foreign.add(outside);
        continue;
      }
      List<String> chain = chain(disk, read.layers(), domain.orElseThrow().id());
      // The engine gives a disk's id as its serial; virtio shows 20 characters of it.
      ours.add(new VmDisk(label, chain, disk.provisionedSizeAsLong(), disk.id(), ""));
      files.addAll(chain);
      kept.add(SavedMachine.attachment(attachment, disk));
    }
    Vm vm = read.vm();
    SavedMachine saved = SavedMachine.of(vm, read.nics(), kept);
    return new VmDescription(
        ref,
        vm.name(),
        power(vm.status()),
        host(vm, hosts),
        // The guest sees the engine's id as its BIOS UUID.
        vm.id(),
        vm.id(),
        files,
        ours,
        foreign,
        "",
        facts(vm, read.nics(), saved),
        !read.layers().isEmpty());
  }

  private static Read read(SystemService system, String id) {
    VmService service = system.vmsService().vmService(id);
    Vm vm = service.get().send().vm();
    List<DiskAttachment> attachments = service.diskAttachmentsService().list().send().attachments();
    Map<String, Disk> disks = new LinkedHashMap<>();
    for (DiskAttachment attachment : attachments) {
      String disk = attachment.disk().id();
      disks.put(disk, system.disksService().diskService(disk).get().send().disk());
    }
    List<Snapshot> snapshots =
        service.snapshotsService().list().send().snapshots().stream()
            .filter(
                each -> !each.snapshotTypePresent() || each.snapshotType() != SnapshotType.ACTIVE)
            .sorted(Comparator.comparing(Snapshot::date).reversed())
            .toList();
    List<Layer> layers = new ArrayList<>();
    for (Snapshot snapshot : snapshots) {
      Map<String, String> images = new LinkedHashMap<>();
      service
          .snapshotsService()
          .snapshotService(snapshot.id())
          .disksService()
          .list()
          .send()
          .disks()
          .forEach(
              disk -> {
                if (disk.imageIdPresent()) {
                  images.put(disk.id(), disk.imageId());
                }
              });
      layers.add(new Layer(images));
    }
    return new Read(vm, attachments, disks, service.nicsService().list().send().nics(), layers);
  }

  /** The alias, with the id where two disks have the same. */
  private static String label(Disk disk, Iterable<Disk> all) {
    String alias = disk.aliasPresent() ? disk.alias() : "";
    int same = 0;
    for (Disk each : all) {
      same += each.aliasPresent() && each.alias().equals(alias) ? 1 : 0;
    }
    return alias.isEmpty() ? disk.id() : same > 1 ? alias + " " + disk.id() : alias;
  }

  private static @Nullable ForeignDisk outside(
      String label, Disk disk, Optional<StorageDomain> domain, Map<String, String> domainNames) {
    DiskStorageType type = disk.storageTypePresent() ? disk.storageType() : null;
    if (type == DiskStorageType.LUN) {
      String lun =
          disk.lunStoragePresent() && disk.lunStorage().idPresent()
              ? disk.lunStorage().id()
              : "unknown";
      return new ForeignDisk(label, "direct LUN " + lun, ForeignDisk.Reason.RAW_DEVICE);
    }
    if (type != DiskStorageType.IMAGE || !disk.imageIdPresent()) {
      return new ForeignDisk(label, "storage type " + type, ForeignDisk.Reason.UNKNOWN);
    }
    List<String> on =
        disk.storageDomainsPresent()
            ? disk.storageDomains().stream().map(StorageDomain::id).toList()
            : List.of();
    if (domain.isEmpty() || !on.contains(domain.get().id())) {
      List<String> names = on.stream().map(id -> domainNames.getOrDefault(id, id)).toList();
      return new ForeignDisk(
          label, "storage domain " + String.join(", ", names), ForeignDisk.Reason.OTHER_DATASTORE);
    }
    if (disk.shareablePresent() && disk.shareable()) {
      return new ForeignDisk(
          label, "shareable disk on " + domain.get().name(), ForeignDisk.Reason.MULTI_WRITER);
    }
    return null;
  }

  /** The files, top layer first. */
  private List<String> chain(Disk disk, List<Layer> layers, String domain) {
    List<String> chain = new ArrayList<>();
    chain.add(new ImagePath(folder, domain, disk.id(), disk.imageId()).path());
    for (Layer layer : layers) {
      String image = layer.images().get(disk.id());
      if (image != null) {
        String path = new ImagePath(folder, domain, disk.id(), image).path();
        if (!chain.contains(path)) {
          chain.add(path);
        }
      }
    }
    return chain;
  }

  private static Map<String, String> facts(Vm vm, List<Nic> nics, SavedMachine saved) {
    Map<String, String> facts = new LinkedHashMap<>();
    if (vm.cpuPresent() && vm.cpu().topologyPresent()) {
      var topology = vm.cpu().topology();
      int cpus =
          (topology.coresPresent() ? topology.coresAsInteger() : 1)
              * (topology.socketsPresent() ? topology.socketsAsInteger() : 1)
              * (topology.threadsPresent() ? topology.threadsAsInteger() : 1);
      facts.put("cpus", Integer.toString(cpus));
    }
    if (vm.memoryPresent()) {
      facts.put("memory", vm.memory().toString());
    }
    if (vm.biosPresent() && vm.bios().typePresent()) {
      facts.put("firmware", vm.bios().type().value());
    }
    if (vm.osPresent() && vm.os().typePresent()) {
      facts.put(OS, vm.os().type());
    }
    for (Nic nic : nics) {
      facts.put("network " + nic.name(), nic.macPresent() ? nic.mac().address() : "no address");
    }
    facts.put(STATUS, vm.statusPresent() ? vm.status().value() : "");
    facts.put(ORIGIN, vm.originPresent() ? vm.origin() : "");
    facts.put(SavedMachine.KEY, saved.xml());
    return facts;
  }
}
