package org.opendvx.core.vm;

import static org.opendvx.core.vm.DatastorePaths.bytes;
import static org.opendvx.core.vm.DatastorePaths.name;
import static org.opendvx.core.vm.DatastorePaths.parent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.opendvx.core.datastore.Attributes;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a new machine of a restore point: a new folder whose files share the frozen blocks,
 * identities of its own, registered with the hypervisor. Thread-safe; calls block.
 */
public final class VmClone {
  private static final Logger LOG = LoggerFactory.getLogger(VmClone.class);
  private static final int MAX_TEXT = 1 << 20;

  private final Datastore datastore;
  private final VmSnapshots snapshots;
  private final DatastorePaths paths;

  /** The service. */
  public VmClone(Datastore datastore, VmSnapshots snapshots) {
    this.datastore = datastore;
    this.snapshots = snapshots;
    this.paths = new DatastorePaths(datastore);
  }

  /**
   * What to make.
   *
   * @param name of the new machine and its folder: 1 to 80 characters, no slash, quote or backslash
   * @param keepMacs whether its networks keep the addresses of the original, which must not run
   *     beside it then
   */
  public record Request(
      RestorePoint point, String name, boolean powerOn, boolean keepMacs, Duration limit) {
    /** With new addresses. */
    public Request(RestorePoint point, String name, boolean powerOn, Duration limit) {
      this(point, name, powerOn, false, limit);
    }
  }

  /**
   * What was made.
   *
   * @param folder path of the new folder
   * @param notes what a person should know of how it was made
   */
  public record Cloned(VmRef vm, String folder, List<String> files, List<String> notes) {}

  /**
   * Clones.
   *
   * @throws DvxException EXISTS when there is a folder of that name; when registering fails the
   *     folder is removed again
   */
  public Cloned clone(Hypervisor hypervisor, Request request) {
    requireName(request.name());
    VmDescription saved = snapshots.document(request.point()).vm();
    if (hypervisor instanceof MakesMachines maker) {
      return maker.make(datastore, saved, request);
    }
    if (request.keepMacs()) {
      throw DvxException.of(Kind.UNSUPPORTED, "The clone cannot keep the MAC addresses")
          .cause("This is offered for oVirt alone")
          .remedy("Clone without it; set the addresses in the manager before it is powered on")
          .build();
    }
    if (saved.configuration().isEmpty()) {
      throw DvxException.of(
              Kind.UNSUPPORTED, "This restore point cannot be registered as a machine")
          .cause("It holds no configuration file")
          .remedy("Take its disks from /.snapshots/" + request.point().name())
          .build();
    }
    String above = parent(parent(saved.configuration()));
    String folder = above + "/" + request.name();
    if (paths.find(folder).isPresent()) {
      throw DvxException.of(Kind.EXISTS, "There is a folder " + folder + " already")
          .cause("A machine or a folder of that name exists on the datastore")
          .remedy("Choose another name")
          .build();
    }
    List<Snapshots.Member> members =
        datastore.snapshots().members(request.point().id()).stream()
            .filter(member -> !member.path().endsWith("-ctk.vmdk"))
            .toList();
    Map<String, String> names = names(members, saved.configuration(), request.name());
    FileKey parentKey = paths.require(above);
    Attributes like = paths.attributes(parentKey, above);
    FileKey directory = paths.makeDirectory(parentKey, request.name(), folder, like);
    try {
      List<FileKey> made = share(members, names, directory, folder);
      rewrite(hypervisor, members, made, names, folder, request.name());
      String configuration = folder + "/" + names.get(name(saved.configuration()));
      VmRef vm = hypervisor.register(configuration, request.name(), saved.ref(), request.limit());
      LOG.info("Cloned {} as {}", request.point().name(), vm);
      if (request.powerOn()) {
        hypervisor.powerOn(vm, request.limit());
      }
      return new Cloned(
          vm, folder, names.values().stream().map(file -> folder + "/" + file).toList(), List.of());
    } catch (DvxException e) {
      undo(hypervisor, parentKey, request.name(), directory, folder, e);
      throw e;
    }
  }

  static void requireName(String name) {
    if (!name.matches("[^/\\\\\"\\x00-\\x1f]{1,80}") || name.startsWith(".")) {
      throw DvxException.of(Kind.INVALID, "This name cannot be used for a machine")
          .cause("It must have 1 to 80 characters, no slash, quote or backslash, no leading dot")
          .remedy("Choose another name")
          .detail("name", name)
          .build();
    }
  }

  /** New file names: the machine's name at the start is replaced, clashes get a number. */
  private static Map<String, String> names(
      List<Snapshots.Member> members, String configuration, String newName) {
    String base = VmFileSet.base(configuration);
    Map<String, String> names = new LinkedHashMap<>();
    Map<String, Integer> used = new HashMap<>();
    for (Snapshots.Member member : members) {
      String old = name(member.path());
      String renamed =
          VmFileSet.belongs(old, base) && old.startsWith(base)
              ? newName + old.substring(base.length())
              : old;
      int clash = used.merge(renamed, 1, Integer::sum);
      if (clash > 1 || names.containsKey(old)) {
        throw DvxException.of(Kind.UNSUPPORTED, "This machine cannot be cloned into one folder")
            .cause("Two of its files in different folders are both called " + old)
            .remedy("Clone its disks one by one from /.snapshots")
            .detail("file", member.path())
            .build();
      }
      names.put(old, renamed);
    }
    return names;
  }

  private List<FileKey> share(
      List<Snapshots.Member> members, Map<String, String> names, FileKey directory, String folder) {
    List<Snapshots.CloneFile> clones = new ArrayList<>();
    for (Snapshots.Member member : members) {
      String renamed = names.getOrDefault(name(member.path()), name(member.path()));
      clones.add(new Snapshots.CloneFile(member.key(), directory, bytes(renamed)));
    }
    return paths.done("clone into", folder, datastore.snapshots().clone(Caller.SYSTEM, clones));
  }

  private void rewrite(
      Hypervisor hypervisor,
      List<Snapshots.Member> members,
      List<FileKey> made,
      Map<String, String> names,
      String folder,
      String newName) {
    Map<String, byte[]> texts = new LinkedHashMap<>();
    for (int i = 0; i < members.size(); i++) {
      Snapshots.Member member = members.get(i);
      String path = folder + "/" + names.get(name(member.path()));
      if (hypervisor.describesMachine(path) && member.attributes().size() <= MAX_TEXT) {
        texts.put(path, paths.read(made.get(i), path, MAX_TEXT));
      }
    }
    for (Map.Entry<String, byte[]> changed :
        hypervisor.rewriteForClone(texts, names, newName).entrySet()) {
      paths.write(paths.require(changed.getKey()), changed.getKey(), changed.getValue());
    }
  }

  private void undo(
      Hypervisor hypervisor,
      FileKey parent,
      String name,
      FileKey directory,
      String folder,
      DvxException because) {
    try {
      if (hypervisor.vms().stream().anyMatch(vm -> vm.name().equals(name) && vm.onDatastore())) {
        LOG.warn("The clone {} is registered and stays, though this failed", name, because);
        return;
      }
      paths.removeTree(parent, name, directory, folder);
    } catch (DvxException e) {
      because.addSuppressed(e);
      LOG.warn("The folder {} of a failed clone could not be removed", folder, e);
    }
  }
}
