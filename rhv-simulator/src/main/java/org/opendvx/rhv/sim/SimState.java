package org.opendvx.rhv.sim;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.ovirt.engine.sdk4.types.BiosType;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.ovirt.engine.sdk4.types.DiskInterface;
import org.ovirt.engine.sdk4.types.HostStatus;
import org.ovirt.engine.sdk4.types.StorageDomainStatus;
import org.ovirt.engine.sdk4.types.VmStatus;

/** What the simulated engine knows. Guarded by the engine's lock; plain fields, for tests only. */
final class SimState {
  final String dataCenter = UUID.randomUUID().toString();
  final String cluster = UUID.randomUUID().toString();
  final String blank = "00000000-0000-0000-0000-000000000000";
  final String profile = UUID.randomUUID().toString();
  final Map<String, Host> hosts = new LinkedHashMap<>();
  final Map<String, Domain> domains = new LinkedHashMap<>();
  final Map<String, Machine> vms = new LinkedHashMap<>();
  final Map<String, Image> disks = new LinkedHashMap<>();
  final Map<String, SimRole> roles = new LinkedHashMap<>();
  final List<Happening> events = new ArrayList<>();

  /** Permits by user; a user that is not here may do all. */
  final Map<String, Set<String>> grants = new HashMap<>();

  /** VMs in the OVF store of a domain that was taken away: domain id to machines. */
  final Map<String, Map<String, Machine>> ovfStores = new HashMap<>();

  /** How often a snapshot of the engine was asked for. */
  int snapshotsAsked;

  long lastEvent = 1000;

  /** How many migrations began. */
  long migrations;

  static final class Host {
    final String id = UUID.randomUUID().toString();
    final String name;
    final String address;
    HostStatus status = HostStatus.UP;

    Host(String name, String address) {
      this.name = name;
      this.address = address;
    }
  }

  static final class Domain {
    final String id;
    final String name;
    final String address;
    final String path;
    boolean attached;
    StorageDomainStatus status = StorageDomainStatus.UNATTACHED;
    StorageDomainStatus next = StorageDomainStatus.UNATTACHED;
    long settles;

    Domain(String id, String name, String address, String path) {
      this.id = id;
      this.name = name;
      this.address = address;
      this.path = path;
    }

    /** Goes to a status after a while. */
    void towards(StorageDomainStatus through, StorageDomainStatus then, long millis) {
      status = through;
      next = then;
      settles = System.nanoTime() + millis * 1_000_000;
    }

    void settle() {
      if (status != next && System.nanoTime() - settles >= 0) {
        status = next;
      }
    }
  }

  static final class Image {
    final String id;
    String alias = "";
    String image = UUID.randomUUID().toString();
    String domain = "";
    long size;
    DiskFormat format = DiskFormat.RAW;
    boolean sparse = true;
    boolean shareable;
    boolean lun;
    long lockedUntil = System.nanoTime();

    Image(String id) {
      this.id = id;
    }

    boolean locked() {
      return System.nanoTime() - lockedUntil < 0;
    }
  }

  record Attachment(String disk, boolean bootable, DiskInterface bus, boolean active) {}

  record Card(String id, String name, String mac, String profile) {}

  /** A snapshot that the engine made before we came. */
  record Layer(String id, Instant date, Map<String, String> images) {}

  static final class Machine {
    String id = UUID.randomUUID().toString();
    String name = "";
    String comment = "";
    VmStatus status = VmStatus.DOWN;
    String host = "";
    String origin = "ovirt";
    String os = "other_linux";
    BiosType bios = BiosType.Q35_SEA_BIOS;
    long memory = 1L << 30;
    int cores = 1;
    int sockets = 1;
    boolean agent = true;
    boolean frozen;
    long frozenAt;
    long longestFrozen;
    int freezes;
    int thaws;
    boolean highlyAvailable;

    /** The number of the migration that it is on, 0 for none. */
    long migration;

    final List<Attachment> attachments = new ArrayList<>();
    final List<Card> cards = new ArrayList<>();
    final List<Layer> layers = new ArrayList<>();
  }

  static final class SimRole {
    final String id = UUID.randomUUID().toString();
    String name = "";
    boolean administrative;
    boolean mutable = true;
    final Set<String> permits = new HashSet<>();
  }

  record Happening(
      long id, int code, String text, @Nullable String vm, @Nullable String host, Instant time) {}

  void happened(int code, String text, @Nullable String vm, @Nullable String host) {
    lastEvent += 1 + lastEvent % 3;
    events.add(new Happening(lastEvent, code, text, vm, host, Instant.now()));
  }

  Machine machine(String id) {
    Machine found = vms.get(id);
    if (found == null) {
      throw Refusal.notFound("vm " + id);
    }
    return found;
  }

  Image image(String id) {
    Image found = disks.get(id);
    if (found == null) {
      throw Refusal.notFound("disk " + id);
    }
    return found;
  }

  Host hostNamed(String name) {
    return hosts.values().stream()
        .filter(host -> host.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no host " + name));
  }
}
