package org.opendvx.core.vm;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shutdown by which a machine came to be off. Its file systems are whole as long as nothing has
 * run and nobody has changed its disks since, so the question is asked before the cut and once more
 * after it, of the files that were cut.
 *
 * @param disks file ids of the machine's disks, with all of their layers
 */
record WitnessedShutdown(
    Hypervisor hypervisor,
    VmDescription vm,
    Set<Long> disks,
    Quiescer witness,
    Quiescer.Shutdown shutdown) {
  private static final Logger LOG = LoggerFactory.getLogger(WitnessedShutdown.class);

  /** The hypervisor's last writes, and how far apart clocks and readings may be. */
  private static final Duration SLACK = Duration.ofSeconds(5);

  private static final long NANOS = 1_000_000_000L;

  /**
   * The shutdown that a quiescer witnessed of a machine that is off.
   *
   * @param files the machine's, by path; its disks' are among them
   */
  static Optional<WitnessedShutdown> of(
      Hypervisor hypervisor,
      VmDescription vm,
      Map<String, FileKey> files,
      List<Quiescer> quiescers) {
    if (vm.power() != PowerState.OFF || !vm.foreignDisks().isEmpty()) {
      return Optional.empty();
    }
    Set<Long> disks = new HashSet<>();
    for (VmDescription.VmDisk disk : vm.disks()) {
      for (String path : disk.chain()) {
        FileKey key = files.get(path);
        if (key == null) {
          return Optional.empty();
        }
        disks.add(key.file());
      }
    }
    for (Quiescer each : quiescers) {
      Optional<Quiescer.Shutdown> seen = ask(each, hypervisor, vm);
      if (seen.isPresent()) {
        return Optional.of(new WitnessedShutdown(hypervisor, vm, disks, each, seen.get()));
      }
    }
    return Optional.empty();
  }

  /** Why a cut may hold something else than what this shutdown left; empty when it does not. */
  Optional<String> doubt(Snapshots snapshots, long cut) {
    try {
      VmDescription now = hypervisor.describe(vm.ref());
      Optional<Quiescer.Shutdown> seen = ask(witness, hypervisor, vm);
      if (now.power() != PowerState.OFF
          || seen.filter(other -> other.name().equals(shutdown.name())).isEmpty()) {
        return Optional.of("whether it stayed off until the cut was confirmed is not known");
      }
      if (!now.disks().equals(vm.disks())) {
        return Optional.of("its disks were replaced during the cut");
      }
      return untouched(snapshots.members(cut))
          ? Optional.empty()
          : Optional.of("its disks were changed after that shutdown");
    } catch (DvxException | FileException e) {
      LOG.warn("Whether {} is still off is not known: {}", vm.name(), e.getMessage());
      return Optional.of("whether it stayed as it was is not known");
    }
  }

  /**
   * Whether the disks are in the cut as the shutdown left them. By the time of the last change,
   * which no client can set: a restore brings old times of modification back, and is a change.
   */
  private boolean untouched(List<Snapshots.Member> frozen) {
    Instant latest = shutdown.off().plus(SLACK);
    Set<Long> missing = new HashSet<>(disks);
    for (Snapshots.Member file : frozen) {
      if (missing.remove(file.key().file())) {
        long nanos = file.attributes().changed();
        if (Instant.ofEpochSecond(nanos / NANOS, nanos % NANOS).isAfter(latest)) {
          LOG.info("{} was changed after {} was shut down", file.path(), vm.name());
          return false;
        }
      }
    }
    return missing.isEmpty();
  }

  private static Optional<Quiescer.Shutdown> ask(
      Quiescer witness, Hypervisor hypervisor, VmDescription vm) {
    try {
      return witness.witnessedShutdown(hypervisor, vm);
    } catch (DvxException e) {
      LOG.warn("How {} came to be off is not known: {}", vm.name(), e.getMessage());
      return Optional.empty();
    }
  }
}
