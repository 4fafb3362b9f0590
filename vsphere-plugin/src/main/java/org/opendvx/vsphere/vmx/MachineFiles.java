package org.opendvx.vsphere.vmx;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Rewrites the text files that describe a machine: for a copy that is to live beside the original,
 * and after a restore in place. Pure functions on text, but for the identities that are drawn.
 *
 * <p>A clone gets its name, its own UUIDs, MAC addresses and VM-GenerationID. Both reset changed
 * block tracking: the tracking files know nothing of what a restore wrote.
 */
public final class MachineFiles {
  private static final Pattern ADAPTER = Pattern.compile("(ethernet\\d+)\\..+");
  private static final Pattern TRACKING =
      Pattern.compile("ctkenabled|(scsi|sata|ide|nvme)\\d+:\\d+\\.ctkenabled");

  /** What ESXi writes anew, or what belongs to the original alone. */
  private static final Set<String> ORIGINAL_ONLY =
      Set.of(
          "uuid.location",
          "sched.swap.derivedname",
          "migrate.hostlog",
          "migrate.migrationid",
          "migrate.encryptionmode",
          "vmotion.checkpointfbsize");

  private static final Set<String> GENERATION = Set.of("vm.genid", "vm.genidx");

  /** An extent: {@code RW 2097152 VMFS "x-flat.vmdk"}, perhaps with an offset after it. */
  private static final Pattern EXTENT =
      Pattern.compile("(\\s*(?:RW|RDONLY|NOACCESS)\\s+\\d+\\s+\\w+\\s+\")([^\"]+)(\".*)");

  private static final Pattern CONFIGURATION_NAME =
      Pattern.compile("(<vmxPathName[^>]*>)([^<]*)(</vmxPathName>)");

  private final Identity identity;

  /** Draws identities from here. */
  public MachineFiles(Identity identity) {
    this.identity = identity;
  }

  /** Whether the path is that of a file that describes a machine, by its name. */
  public static boolean describes(String path) {
    String name = nameOf(path).toLowerCase(Locale.ROOT);
    return name.endsWith(".vmx")
        || name.endsWith(".vmxf")
        || name.endsWith(".vmsd")
        || (name.endsWith(".vmdk")
            && !name.matches(".*-(flat|delta|sesparse|ctk|rdm|rdmp|digest|s\\d+|f\\d+)\\.vmdk"));
  }

  /**
   * Rewrites for a clone.
   *
   * @param files the copy's files by path
   * @param names old file name to new file name
   * @return the files that changed, by path
   */
  public Map<String, byte[]> forClone(
      Map<String, byte[]> files, Map<String, String> names, String newName) {
    Renamer renamer = new Renamer(names);
    return changed(
        files,
        (kind, bytes) ->
            switch (kind) {
              case CONFIGURATION -> cloneConfiguration(bytes, renamer, newName);
              case SNAPSHOT_LIST -> renamedReferences(bytes, renamer);
              case EXTENDED -> renamedExtended(bytes, renamer);
              case DESCRIPTOR -> cloneDescriptor(bytes, renamer);
            });
  }

  /** Rewrites after a restore in place. */
  public Map<String, byte[]> forRestore(Map<String, byte[]> files) {
    return changed(
        files,
        (kind, bytes) ->
            switch (kind) {
              case CONFIGURATION -> restoreConfiguration(bytes);
              case DESCRIPTOR -> restoreDescriptor(bytes);
              case SNAPSHOT_LIST, EXTENDED -> bytes;
            });
  }

  private enum FileKind {
    CONFIGURATION,
    EXTENDED,
    SNAPSHOT_LIST,
    DESCRIPTOR
  }

  @FunctionalInterface
  private interface Rewrite {
    byte[] of(FileKind kind, byte[] bytes);
  }

  private static Map<String, byte[]> changed(Map<String, byte[]> files, Rewrite rewrite) {
    Map<String, byte[]> written = new LinkedHashMap<>();
    files.forEach(
        (path, bytes) ->
            kindOf(path, bytes)
                .ifPresent(
                    kind -> {
                      byte[] now = rewrite.of(kind, bytes);
                      if (!Arrays.equals(now, bytes)) {
                        written.put(path, now);
                      }
                    }));
    return written;
  }

  private static Optional<FileKind> kindOf(String path, byte[] bytes) {
    if (!describes(path)) {
      return Optional.empty();
    }
    String name = nameOf(path).toLowerCase(Locale.ROOT);
    if (name.endsWith(".vmx")) {
      return Optional.of(FileKind.CONFIGURATION);
    }
    if (name.endsWith(".vmsd")) {
      return Optional.of(FileKind.SNAPSHOT_LIST);
    }
    if (name.endsWith(".vmxf")) {
      return Optional.of(FileKind.EXTENDED);
    }
    // A disk of another form than descriptor and data keeps its data in a .vmdk too.
    String start = new String(bytes, 0, Math.min(bytes.length, 200), StandardCharsets.ISO_8859_1);
    return start.contains("# Disk DescriptorFile")
        ? Optional.of(FileKind.DESCRIPTOR)
        : Optional.empty();
  }

  private byte[] cloneConfiguration(byte[] bytes, Renamer renamer, String newName) {
    VmxFile vmx = VmxFile.parse(bytes);
    resetTracking(vmx);
    newGeneration(vmx);
    vmx.removeIf(ORIGINAL_ONLY::contains);
    vmx.set("displayName", newName);
    vmx.set("uuid.bios", identity.uuid());
    vmx.set("vc.uuid", identity.uuid());
    // The files' place differs from what ESXi remembers; this answers "moved or copied?".
    vmx.set("uuid.action", "create");
    newAddresses(vmx);
    rename(vmx, renamer);
    return vmx.bytes();
  }

  private byte[] restoreConfiguration(byte[] bytes) {
    VmxFile vmx = VmxFile.parse(bytes);
    resetTracking(vmx);
    newGeneration(vmx);
    return vmx.bytes();
  }

  private static void resetTracking(VmxFile vmx) {
    for (String key : vmx.keys()) {
      if (TRACKING.matcher(key).matches()) {
        vmx.set(key, "FALSE");
      }
    }
  }

  /** ESXi makes one for a machine that has none. */
  private void newGeneration(VmxFile vmx) {
    for (String key : GENERATION) {
      if (vmx.get(key).isPresent()) {
        vmx.set(key, identity.generation());
      }
    }
  }

  /** Without an address an adapter that generates its own gets one at the next start. */
  private static void newAddresses(VmxFile vmx) {
    for (String key : vmx.keys()) {
      Matcher adapter = ADAPTER.matcher(key);
      if (adapter.matches() && key.endsWith(".addresstype")) {
        vmx.set(key, "generated");
      }
    }
    vmx.removeIf(
        key ->
            ADAPTER.matcher(key).matches()
                && (key.endsWith(".address")
                    || key.endsWith(".generatedaddress")
                    || key.endsWith(".generatedaddressoffset")));
  }

  private static byte[] renamedReferences(byte[] bytes, Renamer renamer) {
    VmxFile file = VmxFile.parse(bytes);
    rename(file, renamer);
    return file.bytes();
  }

  private static void rename(VmxFile file, Renamer renamer) {
    for (String key : file.keys()) {
      if (!key.equals("displayname")) {
        file.get(key).flatMap(renamer::renamed).ifPresent(name -> file.set(key, name));
      }
    }
  }

  private static byte[] renamedExtended(byte[] bytes, Renamer renamer) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    String now =
        CONFIGURATION_NAME
            .matcher(text)
            .replaceAll(
                found ->
                    Matcher.quoteReplacement(
                        found.group(1)
                            + renamer.renamed(found.group(2)).orElse(found.group(2))
                            + found.group(3)));
    return now.equals(text) ? bytes : now.getBytes(StandardCharsets.UTF_8);
  }

  private byte[] cloneDescriptor(byte[] bytes, Renamer renamer) {
    VmxFile descriptor = VmxFile.parse(restoreDescriptor(bytes));
    descriptor.replaceOther(
        line -> {
          Matcher extent = EXTENT.matcher(line);
          return extent.matches()
              ? extent.group(1)
                  + renamer.renamed(extent.group(2)).orElse(extent.group(2))
                  + extent.group(3)
              : line;
        });
    descriptor
        .get("parentFileNameHint")
        .flatMap(renamer::renamed)
        .ifPresent(name -> descriptor.set("parentFileNameHint", name));
    if (descriptor.get("ddb.uuid").isPresent()) {
      descriptor.set("ddb.uuid", identity.diskUuid());
    }
    return descriptor.bytes();
  }

  private static byte[] restoreDescriptor(byte[] bytes) {
    VmxFile descriptor = VmxFile.parse(bytes);
    descriptor.removeIf(key -> key.equals("changetrackpath"));
    return descriptor.bytes();
  }

  private static String nameOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** Finds a file's new name where the old one is referred to, as it is or with a path. */
  private record Renamer(Map<String, String> names) {

    Optional<String> renamed(String reference) {
      String whole = names.get(reference);
      if (whole != null) {
        return Optional.of(reference.contains("/") ? whole : nameOf(whole));
      }
      if (reference.contains("/")) {
        // A path leads out of the folder: to a disk that is not part of the copy.
        return Optional.empty();
      }
      for (Map.Entry<String, String> each : names.entrySet()) {
        if (nameOf(each.getKey()).equals(reference)) {
          return Optional.of(nameOf(each.getValue()));
        }
      }
      return Optional.empty();
    }
  }
}
