package org.opendvx.rhv.sim;

import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.ovirt.engine.sdk4.types.DiskInterface;
import org.ovirt.engine.sdk4.types.HostStatus;
import org.ovirt.engine.sdk4.types.VmStatus;

/** What a test does to the simulated engine, and what it sees of it. */
public final class SimLab {
  private final SimState state;
  private final SimApi api;

  SimLab(SimState state, SimApi api) {
    this.state = state;
    this.api = api;
  }

  /** What is known of a machine. */
  public record Seen(
      String id,
      String name,
      VmStatus status,
      boolean frozen,
      int freezes,
      int thaws,
      List<String> disks,
      List<String> macs) {}

  /** Adds a host that is up. */
  public void host(String name, String address) {
    synchronized (state) {
      SimState.Host host = new SimState.Host(name, address);
      state.hosts.put(host.id, host);
    }
  }

  /** Sets a host's status. */
  public void host(String name, HostStatus status) {
    synchronized (state) {
      state.hostNamed(name).status = status;
    }
  }

  /** Adds a machine with one RAW disk on a domain; it is down. */
  public String machine(String name, String domain, long size) {
    synchronized (state) {
      SimState.Machine vm = new SimState.Machine();
      vm.name = name;
      int n = state.vms.size() + 1;
      vm.cards.add(
          new SimState.Card(
              UUID.randomUUID().toString(),
              "nic1",
              "56:6f:1a:00:00:%02x".formatted(n),
              state.profile));
      state.vms.put(vm.id, vm);
      addDisk(vm.id, name + "_Disk1", domain, size);
      return vm.id;
    }
  }

  /** Adds a RAW disk to a machine. */
  public String addDisk(String vm, String alias, String domain, long size) {
    synchronized (state) {
      SimState.Image image = new SimState.Image(UUID.randomUUID().toString());
      image.alias = alias;
      image.domain = domain;
      image.size = size;
      state.disks.put(image.id, image);
      api.domains().makeFiles(image, image.image, size);
      SimState.Machine machine = state.machine(vm);
      machine.attachments.add(
          new SimState.Attachment(
              image.id, machine.attachments.isEmpty(), DiskInterface.VIRTIO_SCSI, true));
      return image.id;
    }
  }

  /** Adds a disk that is a LUN. */
  public void addLun(String vm, String alias) {
    synchronized (state) {
      SimState.Image image = new SimState.Image(UUID.randomUUID().toString());
      image.alias = alias;
      image.lun = true;
      state.disks.put(image.id, image);
      state
          .machine(vm)
          .attachments
          .add(new SimState.Attachment(image.id, false, DiskInterface.VIRTIO_SCSI, true));
    }
  }

  /**
   * Makes a layer, as if a snapshot of the engine had been taken before: the disks' images so far
   * become the layer, and new images of qcow2 are on top.
   *
   * @return new image by disk
   */
  public Map<String, String> layer(String vm, Instant date) {
    synchronized (state) {
      SimState.Machine machine = state.machine(vm);
      Map<String, String> below = new HashMap<>();
      Map<String, String> above = new HashMap<>();
      for (SimState.Attachment a : machine.attachments) {
        SimState.Image image = state.image(a.disk());
        below.put(image.id, image.image);
        image.image = UUID.randomUUID().toString();
        image.format = DiskFormat.COW;
        api.domains().makeFiles(image, image.image, 0);
        above.put(image.id, image.image);
      }
      machine.layers.addFirst(new SimState.Layer(UUID.randomUUID().toString(), date, below));
      return above;
    }
  }

  /** A disk is of qcow2, as the thin disks of machines that were made of a template are. */
  public void thin(String disk) {
    synchronized (state) {
      state.image(disk).format = DiskFormat.COW;
    }
  }

  /** The path of a disk's top image below the export. */
  public String path(String disk) {
    synchronized (state) {
      SimState.Image image = state.image(disk);
      return api.domains().folder(image) + "/" + image.image;
    }
  }

  /** Locks a disk for a while. */
  public void lock(String disk, long millis) {
    synchronized (state) {
      state.image(disk).lockedUntil = System.nanoTime() + millis * 1_000_000;
    }
  }

  /** Starts a machine on a host. */
  public void start(String vm, String host) {
    change(
        vm,
        machine -> {
          machine.status = VmStatus.UP;
          machine.host = state.hostNamed(host).id;
          state.happened(153, "VM " + machine.name + " was started", vm, machine.host);
        });
  }

  /**
   * A machine is down.
   *
   * @param exit what vdsm says of it
   */
  public void down(String vm, String exit) {
    change(
        vm,
        machine -> {
          String host = machine.host;
          machine.status = VmStatus.DOWN;
          machine.host = "";
          machine.frozen = false;
          state.happened(61, "VM " + machine.name + " is down. Exit message: " + exit, vm, host);
        });
  }

  /** An event of a machine. */
  public void event(String vm, int code, String text) {
    change(vm, machine -> state.happened(code, text, vm, machine.host));
  }

  /** Begins a migration: the host stays the source until it is done. */
  public void beginMigration(String vm, String target, boolean bySystem) {
    change(
        vm,
        machine -> {
          machine.status = VmStatus.MIGRATING;
          state.happened(
              bySystem ? 67 : 62,
              "Migration started (VM: " + machine.name + ", Destination: " + target + ")",
              vm,
              machine.host);
        });
  }

  /** Ends a migration; the event carries the source. */
  public void endMigration(String vm, String target) {
    change(
        vm,
        machine -> {
          String source = machine.host;
          machine.status = VmStatus.UP;
          machine.host = state.hostNamed(target).id;
          state.happened(
              63,
              "Migration completed (VM: " + machine.name + ", Destination: " + target + ")",
              vm,
              source);
        });
  }

  /** A migration fails. */
  public void failMigration(String vm) {
    change(
        vm,
        machine -> {
          machine.status = VmStatus.UP;
          state.happened(65, "Migration failed", vm, machine.host);
        });
  }

  /** The host dies; its machines are unknown, and stay its own. */
  public void loseHost(String name) {
    synchronized (state) {
      SimState.Host host = state.hostNamed(name);
      host.status = HostStatus.NON_RESPONSIVE;
      state.happened(12, "Host " + name + " is non responsive.", null, host.id);
      for (SimState.Machine vm : state.vms.values()) {
        if (vm.host.equals(host.id)) {
          vm.status = VmStatus.UNKNOWN;
          state.happened(142, "VM " + vm.name + " was set to the Unknown status.", vm.id, host.id);
        }
      }
    }
  }

  /** A lost host is back, and its machines run there as before. */
  public void findHost(String name) {
    synchronized (state) {
      SimState.Host host = state.hostNamed(name);
      host.status = HostStatus.UP;
      state.happened(13, "Status of host " + name + " was set to Up.", null, host.id);
      for (SimState.Machine vm : state.vms.values()) {
        if (vm.host.equals(host.id)) {
          vm.status = VmStatus.UP;
          state.happened(143, "VM " + vm.name + " was set to the Up status.", vm.id, host.id);
        }
      }
    }
  }

  /** A highly available machine is started elsewhere after a loss. */
  public void restartElsewhere(String vm, String target) {
    change(
        vm,
        machine -> {
          state.happened(9602, "Highly Available VM " + machine.name + " failed.", vm, null);
          machine.host = state.hostNamed(target).id;
          machine.status = VmStatus.UP;
          state.happened(506, "Trying to restart VM " + machine.name, vm, machine.host);
          state.happened(506, "VM " + machine.name + " was restarted", vm, machine.host);
        });
  }

  /** The longest time that a guest was frozen until it was thawed, in milliseconds. */
  public long longestFrozenMillis(String vm) {
    synchronized (state) {
      return state.machine(vm).longestFrozen / 1_000_000;
    }
  }

  /** Many events of no interest. */
  public void noise(int events) {
    synchronized (state) {
      for (int i = 0; i < events; i++) {
        state.happened(30, "User logged in", null, null);
      }
    }
  }

  /** Pages of events come doubled and out of order. */
  public void unruly(boolean on) {
    synchronized (state) {
      api.unruly = on;
    }
  }

  /** Sets a machine's status. */
  public void status(String vm, VmStatus status) {
    change(vm, machine -> machine.status = status);
  }

  /** Sets whether the guest's agent answers. */
  public void agent(String vm, boolean answers) {
    change(vm, machine -> machine.agent = answers);
  }

  /** Sets the operating system and origin. */
  public void kind(String vm, String os, String origin) {
    change(
        vm,
        machine -> {
          machine.os = os;
          machine.origin = origin;
        });
  }

  /** The guest thaws by itself or is thawed on the host. */
  public void thawOnHost(String vm) {
    change(
        vm,
        machine -> {
          if (machine.frozen) {
            machine.longestFrozen =
                Math.max(machine.longestFrozen, System.nanoTime() - machine.frozenAt);
          }
          machine.frozen = false;
        });
  }

  private void change(String vm, Consumer<SimState.Machine> what) {
    synchronized (state) {
      what.accept(state.machine(vm));
    }
  }

  /** A machine by id, null when there is none. */
  public @Nullable Seen seen(String vm) {
    synchronized (state) {
      SimState.Machine m = state.vms.get(vm);
      return m == null
          ? null
          : new Seen(
              m.id,
              m.name,
              m.status,
              m.frozen,
              m.freezes,
              m.thaws,
              m.attachments.stream().map(SimState.Attachment::disk).toList(),
              m.cards.stream().map(SimState.Card::mac).toList());
    }
  }

  /** The ids of all machines. */
  public Set<String> machines() {
    synchronized (state) {
      return new HashSet<>(state.vms.keySet());
    }
  }

  /** The ids of all disks. */
  public Set<String> disks() {
    synchronized (state) {
      return new HashSet<>(state.disks.keySet());
    }
  }

  /** The id of a domain by name, null when there is none. */
  public @Nullable String domain(String name) {
    synchronized (state) {
      return state.domains.values().stream()
          .filter(each -> each.name.equals(name))
          .map(each -> each.id)
          .findFirst()
          .orElse(null);
    }
  }

  /** The engine is lost with all it knew; the files stay. What the OVF store held is kept. */
  public void disaster(String domain) {
    synchronized (state) {
      SimState.Domain it = state.domains.get(domain);
      if (it != null) {
        api.domains().forgetMachines(it);
        state.domains.remove(domain);
      }
    }
  }

  /** Gives an account exactly a role's permits. */
  public void grant(String user, String role) {
    synchronized (state) {
      SimState.SimRole found =
          state.roles.values().stream()
              .filter(each -> each.name.equals(role))
              .findFirst()
              .orElseThrow();
      if (!found.administrative) {
        throw new AssertionError("a role that is not administrative sees nothing");
      }
      state.grants.put(user, Set.copyOf(found.permits));
    }
  }

  /** Takes one permit from an account that was granted some. */
  public void takeBack(String user, String permit) {
    synchronized (state) {
      Set<String> left = new HashSet<>(state.grants.getOrDefault(user, Set.of()));
      if (!left.remove(permit)) {
        throw new AssertionError(user + " does not have " + permit);
      }
      state.grants.put(user, left);
    }
  }
}
