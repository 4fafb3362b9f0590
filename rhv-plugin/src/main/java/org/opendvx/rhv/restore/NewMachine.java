package org.opendvx.rhv.restore;

import static org.ovirt.engine.sdk4.builders.Builders.cluster;
import static org.ovirt.engine.sdk4.builders.Builders.disk;
import static org.ovirt.engine.sdk4.builders.Builders.diskAttachment;
import static org.ovirt.engine.sdk4.builders.Builders.nic;
import static org.ovirt.engine.sdk4.builders.Builders.template;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.inventory.ImagePath;
import org.opendvx.rhv.inventory.SavedMachine;
import org.ovirt.engine.sdk4.builders.NicBuilder;
import org.ovirt.engine.sdk4.services.VmService;
import org.ovirt.engine.sdk4.types.Cluster;
import org.ovirt.engine.sdk4.types.Disk;
import org.ovirt.engine.sdk4.types.DiskAttachment;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.ovirt.engine.sdk4.types.DiskInterface;
import org.ovirt.engine.sdk4.types.Nic;
import org.ovirt.engine.sdk4.types.Vm;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes machines and disks of restore points. The engine makes new raw disks on the domain; while
 * they are unlocked and not attached to anything their content is replaced by that of the frozen
 * files, without copying (a chain of qcow2 layers is written into one disk); then they are attached
 * to a machine that the engine makes like the saved one. {@code .meta} and {@code .lease} stay the
 * engine's. What was made is removed again when a later step fails.
 *
 * <p>Networks keep their profile and get new MAC addresses unless the old ones are asked for; the
 * machine gets a new id, which is the BIOS UUID that its guest sees.
 */
public final class NewMachine {
  private static final Logger LOG = LoggerFactory.getLogger(NewMachine.class);
  private static final String BLANK = "00000000-0000-0000-0000-000000000000";

  private static final Duration FILE_LIMIT = Duration.ofSeconds(10);

  private final Rhv rhv;
  private final Datastore datastore;
  private final DomainFiles files;
  private final EngineDisks disks;

  /** Over a connection and the datastore under its domain. */
  public NewMachine(Rhv rhv, Datastore datastore) {
    this.rhv = rhv;
    this.datastore = datastore;
    this.files = new DomainFiles(datastore);
    this.disks = new EngineDisks(rhv.session());
  }

  /**
   * A disk that was made.
   *
   * @param shared bytes of layers that are referred to, when layers were joined; else 0
   * @param copied bytes that were copied; 0 when all of it is shared
   */
  public record MadeDisk(String id, String path, long shared, long copied) {
    MadeDisk(String id) {
      this(id, "", 0, 0);
    }
  }

  /**
   * A disk to make.
   *
   * @param label in words, for errors
   * @param chain its frozen files, top layer first
   * @param like how it was, and is to be, attached
   * @param bytes its size
   */
  record Source(String label, List<FileKey> chain, DiskAttachment like, long bytes) {}

  /**
   * A machine to make.
   *
   * @param like its hardware and networks
   * @param keepAddresses whether networks get the MAC addresses of {@code like}
   */
  record Wanted(
      String name,
      Vm like,
      List<Source> disks,
      boolean keepAddresses,
      boolean powerOn,
      Duration limit) {}

  /** Makes a machine. */
  public VmClone.Cloned make(VmDescription saved, VmClone.Request request) {
    requireName(request.name());
    SavedMachine machine = SavedMachine.parse(saved.hardware().getOrDefault(SavedMachine.KEY, ""));
    List<Source> disks = new ArrayList<>();
    for (VmDescription.VmDisk each : saved.disks()) {
      disks.add(
          new Source(
              each.label(),
              frozen(request.point().id(), each),
              attachment(machine, each),
              each.capacityBytes()));
    }
    return build(
        new Wanted(
            request.name(),
            machine.vm(),
            disks,
            request.keepMacs(),
            request.powerOn(),
            request.limit()));
  }

  /** Makes a machine; what was made is removed again when a step fails. */
  VmClone.Cloned build(Wanted wanted) {
    requireName(wanted.name());
    if (named(wanted.name()).isPresent()) {
      throw DvxException.of(Kind.EXISTS, "There is a machine " + wanted.name() + " already")
          .cause("The engine has one of that name")
          .remedy("Choose another name")
          .build();
    }
    Deadline deadline = new Deadline(wanted.limit());
    List<MadeDisk> made = new ArrayList<>();
    String vm = "";
    try {
      Map<String, DiskAttachment> attachments = new LinkedHashMap<>();
      int number = 1;
      for (Source each : wanted.disks()) {
        String alias = wanted.name() + "_Disk" + number++;
        attachments.put(makeDisk(each, alias, made, deadline).id(), each.like());
      }
      vm = makeMachine(wanted.like(), wanted.name(), deadline);
      addNetworks(vm, wanted.like(), wanted.keepAddresses());
      for (Map.Entry<String, DiskAttachment> each : attachments.entrySet()) {
        attach(vm, each.getKey(), each.getValue(), deadline);
      }
    } catch (DvxException e) {
      throw undone(wanted.name(), vm, made, e);
    }
    VmRef ref = new VmRef(rhv.name(), vm);
    LOG.info("made {} with {} disks", ref, made.size());
    if (wanted.powerOn()) {
      start(ref, wanted.name(), deadline);
    }
    return new VmClone.Cloned(
        ref,
        made.isEmpty() ? "" : parent(made.getFirst().path()),
        made.stream().map(MadeDisk::path).toList(),
        notes(wanted, made));
  }

  private void start(VmRef vm, String name, Deadline deadline) {
    try {
      rhv.powerOn(vm, deadline.left());
    } catch (DvxException e) {
      throw DvxException.of(e.kind(), "The machine " + name + " is made, and could not be started")
          .causedBy(e)
          .remedy("It is whole: start it in the engine when that works again")
          .detail("vm", vm)
          .build();
    }
  }

  /**
   * Makes one disk of a restore point, attached to nothing.
   *
   * @param label the disk's label in the restore point
   * @param alias of the new disk
   */
  public MadeDisk makeDisk(
      long snapshot, VmDescription saved, String label, String alias, Duration limit) {
    VmDescription.VmDisk wanted =
        saved.disks().stream()
            .filter(each -> each.label().equals(label))
            .findFirst()
            .orElseThrow(
                () ->
                    DvxException.of(Kind.NOT_FOUND, "The restore point has no disk " + label)
                        .cause(
                            "It has "
                                + saved.disks().stream().map(VmDescription.VmDisk::label).toList())
                        .remedy("Name one of them")
                        .build());
    SavedMachine machine = SavedMachine.parse(saved.hardware().getOrDefault(SavedMachine.KEY, ""));
    List<MadeDisk> made = new ArrayList<>();
    try {
      Source source =
          new Source(
              label, frozen(snapshot, wanted), attachment(machine, wanted), wanted.capacityBytes());
      return makeDisk(source, alias, made, new Deadline(limit));
    } catch (DvxException e) {
      throw undone("", "", made, e);
    }
  }

  private static void requireName(String name) {
    if (!name.matches("[A-Za-z0-9_.-]{1,80}") || name.startsWith(".")) {
      throw DvxException.of(Kind.INVALID, "This name cannot be used for a machine")
          .cause("An engine takes letters, digits, dots, - and _; here at most 80")
          .remedy("Choose another name")
          .detail("name", name)
          .build();
    }
  }

  static DiskAttachment attachment(SavedMachine machine, VmDescription.VmDisk of) {
    String id = ImagePath.parse(of.chain().getFirst()).map(ImagePath::disk).orElse("");
    if (machine.vm().diskAttachmentsPresent()) {
      for (DiskAttachment each : machine.vm().diskAttachments()) {
        if (each.disk().id().equals(id)) {
          return each;
        }
      }
    }
    throw DvxException.of(Kind.CORRUPT, "The restore point does not tell of the disk " + of.label())
        .cause("Its saved configuration has no attachment of it")
        .remedy("Take the disk's file from /.snapshots")
        .build();
  }

  private MadeDisk makeDisk(Source from, String alias, List<MadeDisk> made, Deadline deadline) {
    String domain = rhv.catalog().requireDomain().id();
    // The id is ours, so that a call whose answer was lost can be told from one that failed.
    String id = UUID.randomUUID().toString();
    made.add(new MadeDisk(id));
    disks.add(id, alias, from.bytes(), domain, deadline);
    Disk ready = disks.ready(id, deadline);
    String path = new ImagePath(rhv.folder(), domain, id, ready.imageId()).path();
    FileKey target = appears(path, deadline);
    Flattening.Joined joined = fill(from.chain(), from.like(), target, from.bytes());
    MadeDisk done = new MadeDisk(id, path, joined.shared(), joined.copied());
    made.set(made.size() - 1, done);
    return done;
  }

  /** The host that makes the file may be slower than the engine's word that it is made. */
  private FileKey appears(String path, Deadline deadline) {
    Deadline soon = new Deadline(FILE_LIMIT);
    while (true) {
      try {
        return files.require(path);
      } catch (DvxException e) {
        if (e.kind() != Kind.NOT_FOUND || soon.passed() || deadline.passed()) {
          throw e;
        }
        Deadline.pause("The file of a new disk does not appear");
      }
    }
  }

  private Flattening.Joined fill(
      List<FileKey> chain, DiskAttachment like, FileKey target, long size) {
    boolean qcow2 = like.disk().formatPresent() && like.disk().format() == DiskFormat.COW;
    if (chain.size() == 1 && !qcow2) {
      files.share(target, chain.getFirst());
      if (files.attributes(target).size() < size) {
        files.size(target, size);
      }
      return new Flattening.Joined(0, 0);
    }
    Flattening flattening = new Flattening(files);
    List<Layer> layers = flattening.open(chain, qcow2);
    files.size(target, 0);
    files.size(target, size);
    return flattening.write(layers, target, size);
  }

  private List<FileKey> frozen(long snapshot, VmDescription.VmDisk disk) {
    Map<String, FileKey> members = new LinkedHashMap<>();
    Map<String, FileKey> volumes = new LinkedHashMap<>();
    for (Snapshots.Member member : datastore.snapshots().members(snapshot)) {
      members.put(member.path(), member.key());
      ImagePath.parse(member.path()).ifPresent(path -> volumes.put(path.image(), member.key()));
    }
    List<FileKey> chain = new ArrayList<>();
    for (String path : disk.chain()) {
      FileKey key = members.get(path);
      if (key == null) {
        // A template's volume has several names, of which a restore point keeps one.
        key = ImagePath.parse(path).map(ImagePath::image).map(volumes::get).orElse(null);
      }
      if (key == null) {
        throw DvxException.of(Kind.NOT_FOUND, "The restore point lacks a layer of " + disk.label())
            .cause(path + " is not in it")
            .remedy("Choose another restore point")
            .build();
      }
      chain.add(key);
    }
    return chain;
  }

  private Optional<Vm> named(String name) {
    return rhv
        .session()
        .read("The engine cannot list its machines", s -> s.vmsService().list().send().vms())
        .stream()
        .filter(each -> name.equals(each.name()))
        .findFirst();
  }

  private String makeMachine(Vm like, String name, Deadline deadline) {
    List<Cluster> clusters = rhv.catalog().clusters();
    String center = rhv.catalog().dataCenter().id();
    String wanted = like.clusterPresent() ? like.cluster().id() : "";
    String cluster =
        clusters.stream()
            .filter(each -> each.dataCenterPresent() && center.equals(each.dataCenter().id()))
            .map(Cluster::id)
            .sorted((a, b) -> Boolean.compare(b.equals(wanted), a.equals(wanted)))
            .findFirst()
            .orElseThrow(
                () ->
                    DvxException.of(Kind.NOT_FOUND, "The data center has no cluster")
                        .remedy("Make one first")
                        .build());
    String doing = "The engine cannot make the machine " + name;
    // Somebody else may make one of that name meanwhile, which is not ours to fill or to remove.
    String mark = "[OpenDVX " + UUID.randomUUID() + "]";
    String comment = like.commentPresent() ? like.comment() + " " + mark : mark;
    Deadline away = deadline.or(Deadline.AWAY);
    Deadline refused = deadline.or(Deadline.REFUSED);
    while (true) {
      try {
        return rhv.session()
            .change(
                doing,
                system ->
                    system
                        .vmsService()
                        .add()
                        .vm(
                            SavedMachine.hardware(like)
                                .name(name)
                                .comment(comment)
                                .cluster(cluster().id(cluster))
                                .template(template().id(BLANK)))
                        .send()
                        .vm()
                        .id());
      } catch (DvxException e) {
        if (!e.kind().isTransient()) {
          throw e;
        }
        Optional<Vm> made = lookedUp(name, mark, e);
        if (made.isPresent()) {
          return made.get().id();
        }
        if ((e.kind() == Kind.CONFLICT ? refused : away).passed()) {
          throw e;
        }
        Deadline.pause(doing);
      }
    }
  }

  private Optional<Vm> lookedUp(String name, String mark, DvxException because) {
    try {
      return named(name).filter(vm -> vm.commentPresent() && vm.comment().contains(mark));
    } catch (DvxException e) {
      because.addSuppressed(e);
      return Optional.empty();
    }
  }

  private void addNetworks(String vm, Vm like, boolean keepAddresses) {
    if (!like.nicsPresent()) {
      return;
    }
    for (Nic each : like.nics()) {
      NicBuilder card = nic().name(each.name());
      if (keepAddresses && each.macPresent()) {
        card.mac(each.mac());
      }
      if (each.vnicProfilePresent()) {
        card.vnicProfile(each.vnicProfile());
      }
      if (each.interface_Present()) {
        card.interface_(each.interface_());
      }
      Nic wanted = card.build();
      settled(
          "The engine cannot add the network " + each.name(),
          // An address that another machine has is not going to be free.
          new Deadline(keepAddresses ? Deadline.REFUSED : Deadline.AWAY),
          service -> service.nicsService().add().nic(wanted).send(),
          vm,
          service ->
              service.nicsService().list().send().nics().stream()
                  .anyMatch(there -> there.name().equals(wanted.name())));
    }
  }

  private void attach(String vm, String disk, DiskAttachment like, Deadline deadline) {
    DiskAttachment wanted =
        diskAttachment()
            .disk(disk().id(disk))
            .bootable(like.bootablePresent() && like.bootable())
            .active(!like.activePresent() || like.active())
            .interface_(like.interface_Present() ? like.interface_() : DiskInterface.VIRTIO_SCSI)
            .build();
    settled(
        "The engine cannot attach a disk",
        deadline,
        service -> service.diskAttachmentsService().add().attachment(wanted).send(),
        vm,
        service ->
            service.diskAttachmentsService().list().send().attachments().stream()
                .anyMatch(there -> there.disk().id().equals(disk)));
  }

  /** One change of a machine, tried until it is seen to have happened. */
  private void settled(
      String doing,
      Deadline deadline,
      java.util.function.Function<VmService, Object> change,
      String vm,
      java.util.function.Predicate<VmService> there) {
    while (true) {
      try {
        rhv.session().change(doing, s -> change.apply(s.vmsService().vmService(vm)));
        return;
      } catch (DvxException e) {
        if (!e.kind().isTransient() || deadline.passed()) {
          throw e;
        }
        try {
          if (rhv.session().read(doing, s -> there.test(s.vmsService().vmService(vm)))) {
            return;
          }
        } catch (DvxException looked) {
          if (!looked.kind().isTransient()) {
            throw looked;
          }
          e.addSuppressed(looked);
        }
        Deadline.pause(doing);
      }
    }
  }

  /** Removes what was made. The error to tell: with what is left, if the engine would not. */
  private DvxException undone(String name, String vm, List<MadeDisk> made, DvxException because) {
    Deadline deadline = new Deadline(Deadline.AWAY);
    List<String> left = new ArrayList<>();
    boolean removed =
        vm.isEmpty() || removed(() -> rhv.unregister(new VmRef(rhv.name(), vm)), deadline, because);
    if (!removed) {
      left.add("the machine " + name + " (" + vm + ")");
    }
    for (MadeDisk each : made) {
      if (!removed(() -> disks.remove(each.id()), deadline, because)) {
        left.add("the disk " + each.id());
      }
    }
    if (left.isEmpty()) {
      return because;
    }
    String what = String.join(", ", left);
    LOG.warn("of a machine that could not be made there may be left: {}", what);
    return DvxException.of(because.kind(), because.report().what())
        .causedBy(because)
        .cause(because.report().cause() + "; and what was made so far could not be removed")
        .remedy("Remove what is left in the engine, if it is there, then try again")
        .detail("left", what)
        .build();
  }

  private static boolean removed(Runnable step, Deadline deadline, DvxException because) {
    while (true) {
      try {
        step.run();
        return true;
      } catch (DvxException e) {
        if (e.kind() == Kind.NOT_FOUND) {
          return true;
        }
        boolean again = e.kind().isTransient() || e.kind() == Kind.UNAUTHENTICATED;
        if (!again || deadline.passed() || Thread.currentThread().isInterrupted()) {
          because.addSuppressed(e);
          return false;
        }
        Deadline.pause("What was made cannot be removed");
      }
    }
  }

  private static List<String> notes(Wanted wanted, List<MadeDisk> disks) {
    List<String> notes = new ArrayList<>();
    long copied = disks.stream().mapToLong(MadeDisk::copied).sum();
    long shared = disks.stream().mapToLong(MadeDisk::shared).sum();
    notes.add(
        copied + shared == 0
            ? "0 bytes copied"
            : copied + " bytes copied to join disk layers, " + shared + " referred to");
    if (wanted.like().nicsPresent() && !wanted.like().nics().isEmpty()) {
      notes.add(
          wanted.keepAddresses()
              ? "networks have the MAC addresses of the original"
              : "networks have new MAC addresses");
    }
    return notes;
  }

  private static String parent(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }
}
