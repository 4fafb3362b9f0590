package org.opendvx.server.service;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.Json;
import org.opendvx.server.security.PrivateFiles;

/**
 * The policies that snapshots take when their request names none: of machines, and of named groups
 * of machines. Kept in a file of the data folder; a change is durable when its call returns.
 * Thread-safe.
 */
public final class SnapshotPolicies {
  private static final int FORMAT = 1;
  private static final int MAX_FILE = 8 << 20;
  private static final int MAX_MACHINES = 10_000;
  private static final int MAX_GROUPS = 1_000;
  private static final int MAX_GROUP = 64;
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";

  private final ObjectMapper json = Json.lenient();
  private final Path file;
  private final Map<VmRef, SnapshotPolicy> machines = new LinkedHashMap<>();
  private final Map<String, Group> groups = new TreeMap<>();

  /**
   * Machines that are snapshotted in one instant.
   *
   * @param policy for those that have none of their own
   */
  public record Group(String name, List<VmRef> vms, SnapshotPolicy policy, Stragglers stragglers) {}

  private record Machine(String hypervisor, String id, SnapshotPolicy policy) {}

  private record Id(String hypervisor, String id) {}

  private record Entry(String name, List<Id> vms, SnapshotPolicy policy, Stragglers stragglers) {}

  private record Content(int format, List<Machine> machines, List<Entry> groups) {}

  /** Reads what is kept in a file. */
  public SnapshotPolicies(Path file) {
    this.file = file;
    if (Files.exists(file)) {
      load();
    }
  }

  /** What is stored for a machine. */
  public synchronized Optional<SnapshotPolicy> of(VmRef vm) {
    return Optional.ofNullable(machines.get(vm));
  }

  /** All machines for which something is stored. */
  public synchronized Map<VmRef, SnapshotPolicy> machines() {
    return new LinkedHashMap<>(machines);
  }

  /** Stores a machine's policy, or forgets it. */
  public synchronized void set(VmRef vm, Optional<SnapshotPolicy> policy) {
    Optional<SnapshotPolicy> before = of(vm);
    if (before.isEmpty() && policy.isPresent() && machines.size() >= MAX_MACHINES) {
      throw tooMany(MAX_MACHINES + " machines");
    }
    put(vm, policy);
    try {
      save();
    } catch (RuntimeException e) {
      put(vm, before);
      throw e;
    }
  }

  private void put(VmRef vm, Optional<SnapshotPolicy> policy) {
    if (policy.isPresent()) {
      machines.put(vm, policy.get());
    } else {
      machines.remove(vm);
    }
  }

  /** All groups by name. */
  public synchronized List<Group> groups() {
    return List.copyOf(groups.values());
  }

  /**
   * A group.
   *
   * @throws DvxException NOT_FOUND
   */
  public synchronized Group group(String name) {
    Group found = groups.get(name);
    if (found == null) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no such group")
          .cause("No group has the name " + name)
          .remedy("dvx group list shows them")
          .build();
    }
    return found;
  }

  /**
   * Stores a group in place of one of the same name.
   *
   * @throws DvxException INVALID
   */
  public synchronized void put(Group group) {
    if (!group.name().matches(NAME)) {
      throw DvxException.of(Kind.INVALID, "The group cannot have this name")
          .cause("A name has 1 to 64 letters, digits and ._- and starts with a letter or digit")
          .remedy("Choose another one")
          .build();
    }
    if (group.vms().isEmpty()
        || group.vms().size() > MAX_GROUP
        || group.vms().stream().distinct().count() != group.vms().size()) {
      throw DvxException.of(Kind.INVALID, "The group cannot have these machines")
          .cause("A group has 1 to " + MAX_GROUP + " machines, each once")
          .remedy("Name the machines again")
          .build();
    }
    if (!groups.containsKey(group.name()) && groups.size() >= MAX_GROUPS) {
      throw tooMany(MAX_GROUPS + " groups");
    }
    Group before = groups.put(group.name(), group);
    try {
      save();
    } catch (RuntimeException e) {
      groups.remove(group.name());
      if (before != null) {
        groups.put(before.name(), before);
      }
      throw e;
    }
  }

  /** Forgets a group; its machines stay. */
  public synchronized void remove(String name) {
    Group before = group(name);
    groups.remove(name);
    try {
      save();
    } catch (RuntimeException e) {
      groups.put(name, before);
      throw e;
    }
  }

  /** A word of REST and the command line. */
  public static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private void load() {
    Content content;
    try {
      content = json.readValue(PrivateFiles.read(file, MAX_FILE), Content.class);
    } catch (IOException e) {
      throw DvxException.of(Kind.CORRUPT, "The snapshot policies cannot be read")
          .cause("The file is damaged")
          .causedBy(e)
          .remedy("Put a copy back; or delete the file and set the policies again")
          .detail("file", file)
          .build();
    }
    if (content.format() != FORMAT) {
      throw DvxException.of(Kind.UNSUPPORTED, "The snapshot policies are of an unknown format")
          .cause("A newer version of the program wrote them")
          .remedy("Use that version or a newer one; nothing was changed")
          .detail("file", file)
          .detail("format", content.format())
          .build();
    }
    for (Machine each : content.machines()) {
      machines.put(new VmRef(each.hypervisor(), each.id()), each.policy());
    }
    for (Entry each : content.groups()) {
      List<VmRef> vms = each.vms().stream().map(id -> new VmRef(id.hypervisor(), id.id())).toList();
      groups.put(each.name(), new Group(each.name(), vms, each.policy(), each.stragglers()));
    }
  }

  private void save() {
    List<Machine> kept =
        machines.entrySet().stream()
            .map(
                each ->
                    new Machine(each.getKey().hypervisor(), each.getKey().id(), each.getValue()))
            .toList();
    List<Entry> named =
        groups.values().stream()
            .map(
                group ->
                    new Entry(
                        group.name(),
                        group.vms().stream().map(vm -> new Id(vm.hypervisor(), vm.id())).toList(),
                        group.policy(),
                        group.stragglers()))
            .toList();
    try {
      PrivateFiles.write(
          file,
          json.writerWithDefaultPrettyPrinter()
              .writeValueAsBytes(new Content(FORMAT, kept, named)));
    } catch (IOException e) {
      throw new IllegalStateException("policies cannot be written as JSON", e);
    }
  }

  private static DvxException tooMany(String most) {
    return DvxException.of(Kind.CONFLICT, "No more policies can be stored")
        .cause("There are " + most + " with one")
        .remedy("Forget some that are not needed any more")
        .build();
  }
}
