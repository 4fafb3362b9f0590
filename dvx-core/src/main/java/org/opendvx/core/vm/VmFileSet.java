package org.opendvx.core.vm;

import static org.opendvx.core.vm.DatastorePaths.name;
import static org.opendvx.core.vm.DatastorePaths.parent;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.FileType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * Which files of the datastore make up a machine: those that the hypervisor names, and those beside
 * its configuration file that carry its name (hypervisors do not list every one of them, such as
 * .vmsd, .vmxf and fresh delta files). Lock and swap files are never in the set: a restored lock
 * would lock the machine out, swap is worthless.
 */
final class VmFileSet {
  private final DatastorePaths paths;

  VmFileSet(DatastorePaths paths) {
    this.paths = paths;
  }

  /**
   * Finds them.
   *
   * @return key by path, in order of path
   * @throws DvxException NOT_FOUND when a disk's file is not there; other files may be missing
   */
  Map<String, FileKey> resolve(VmDescription vm) {
    Set<String> wanted = new TreeSet<>(vm.files());
    Set<String> essential = new TreeSet<>();
    for (VmDescription.VmDisk disk : vm.disks()) {
      essential.addAll(disk.chain());
    }
    if (!vm.configuration().isEmpty()) {
      essential.add(vm.configuration());
    }
    wanted.addAll(essential);
    Map<String, FileKey> found = new LinkedHashMap<>();
    for (String path : wanted) {
      if (transientFile(name(path)) && !essential.contains(path)) {
        continue;
      }
      if (essential.contains(path)) {
        found.put(path, paths.require(path));
      } else {
        paths.find(path).ifPresent(key -> found.put(path, key));
      }
    }
    if (!vm.configuration().isEmpty()) {
      addSiblings(vm.configuration(), found);
    }
    if (found.isEmpty()) {
      throw DvxException.of(Kind.NOT_FOUND, "The machine " + vm.name() + " has no file here")
          .cause("All of its files are on other datastores")
          .remedy("Move it to the DVX datastore first")
          .detail("vm", vm.ref())
          .build();
    }
    return found;
  }

  private void addSiblings(String configuration, Map<String, FileKey> found) {
    String folder = parent(configuration);
    String base = base(configuration);
    paths
        .find(folder)
        .ifPresent(
            directory -> {
              for (DatastorePaths.Named file : paths.list(directory, folder)) {
                if (file.attributes().type() == FileType.REGULAR
                    && belongs(file.name(), base)
                    && !transientFile(file.name())) {
                  found.putIfAbsent(folder + "/" + file.name(), file.key());
                }
              }
            });
  }

  /** The name of the configuration file without its ending: what a machine's files start with. */
  static String base(String configuration) {
    String name = name(configuration);
    int dot = name.lastIndexOf('.');
    return dot <= 0 ? name : name.substring(0, dot);
  }

  /** Whether a file's name is the machine's name followed by an ending or a layer's number. */
  static boolean belongs(String file, String base) {
    if (file.startsWith("vmware") && file.endsWith(".log")) {
      return true;
    }
    return file.length() > base.length()
        && file.startsWith(base)
        && (file.charAt(base.length()) == '.' || layerOf(file.substring(base.length())));
  }

  /** {@code -000001.vmdk}, {@code -flat.vmdk}, {@code -ctk.vmdk}, {@code -Snapshot3.vmsn}, ... */
  private static boolean layerOf(String rest) {
    return rest.matches("(_\\d+)?(-\\d{6})?(-(flat|delta|sesparse|ctk|rdm|rdmp))?\\.vmdk")
        || rest.matches("-Snapshot\\d+\\.(vmsn|vmem)");
  }

  /** Lock and swap files. */
  static boolean transientFile(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lockFile(name) || lower.endsWith(".vswp") || lower.endsWith(".lck");
  }

  /** ESXi's lock files on NFS. */
  static boolean lockFile(String name) {
    return name.startsWith(".lck-");
  }
}
