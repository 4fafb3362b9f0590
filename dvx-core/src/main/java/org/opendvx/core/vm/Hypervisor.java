package org.opendvx.core.vm;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.opendvx.core.datastore.Datastore;

/**
 * A virtualisation manager (a vCenter, an oVirt engine) as DVX needs it. Every call blocks, has a
 * time limit of its own, and fails with {@link org.opendvx.core.error.DvxException}: NOT_FOUND,
 * CONFLICT (wrong state), DENIED, UNAUTHENTICATED, UNAVAILABLE, TIMEOUT. Thread-safe.
 *
 * <p>There is deliberately no call that makes a hypervisor snapshot.
 */
public interface Hypervisor extends AutoCloseable {

  /** Name of the configured connection. */
  String name();

  /** The virtual machines that the account may see. */
  List<VmSummary> vms();

  /** One machine, read anew. */
  VmDescription describe(VmRef vm);

  /**
   * How a machine that is off came to be off; empty when it is not off, or when the hypervisor does
   * not tell that for certain.
   */
  default Optional<PowerOff> lastPowerOff(VmRef vm) {
    return Optional.empty();
  }

  /** Powers on; done when it is on. Powering on what is on is no error. */
  void powerOn(VmRef vm, Duration limit);

  /** Powers off hard; done when it is off. Powering off what is off is no error. */
  void powerOff(VmRef vm, Duration limit);

  /** Has the manager read the machine's configuration file again after it was restored. */
  void reload(VmRef vm);

  /**
   * Registers a machine from files on our datastore.
   *
   * @param configuration path of its configuration file from the datastore's root
   * @param likeVm a machine whose placement (folder, pool, host) is taken over
   */
  VmRef register(String configuration, String name, VmRef likeVm, Duration limit);

  /** Takes a machine off the inventory; its files stay. */
  void unregister(VmRef vm);

  /**
   * Rewrites the files that describe a machine so that a copy of it can live beside the original:
   * new name, new identities (UUIDs, MAC addresses, VM-GenerationID), change tracking reset.
   *
   * @param files the small text files of the copy by path, as they are now
   * @param names old file name to new file name, for references between files
   * @return the files to write, by path; files to leave alone are missing
   */
  Map<String, byte[]> rewriteForClone(
      Map<String, byte[]> files, Map<String, String> names, String newName);

  /**
   * Rewrites the files that describe a machine after a restore in place: change tracking reset and
   * a new VM-GenerationID, all else as it was.
   */
  Map<String, byte[]> rewriteForRestore(Map<String, byte[]> files);

  /**
   * Whether a file of a machine is text that {@code rewriteFor*} wants to see (configuration, disk
   * descriptor).
   */
  boolean describesMachine(String path);

  /** Mounts the datastore on hosts; idempotent. */
  List<HostResult> registerDatastore(DatastoreMount mount, List<String> hosts);

  /** Unmounts the datastore from hosts; idempotent. */
  List<HostResult> unregisterDatastore(String datastore, List<String> hosts);

  /** The hosts and whether they have the datastore. */
  List<HostState> hosts(String datastore);

  /**
   * Starts to follow machines. The listener runs on one thread of the adapter and should be quick.
   * The watch goes on through lost sessions and restarts of the manager until it is closed.
   */
  AutoCloseable watch(Consumer<VmMobility> listener);

  /**
   * Returns when no host uses the disks of a machine that is said to be off, as far as what hosts
   * write beside the disks tells; ESXi's lock files are looked at for every hypervisor.
   *
   * @throws org.opendvx.core.error.DvxException CONFLICT naming who does
   */
  default void requireUnused(Datastore datastore, VmDescription vm) {
    // There is nothing but lock files.
  }

  /** How to pass facts into a guest, empty where the system cannot. */
  default Optional<GuestInfo> guestInfo() {
    return Optional.empty();
  }

  @Override
  void close();

  /**
   * What hosts are to mount.
   *
   * @param datastore its name in the inventory
   * @param server host name or address under which hosts reach the node; the same text on all hosts
   * @param path the export
   * @param reachability tells, for a host's address, why our listener or allow-list would refuse
   *     it, or gives an empty text when it would not
   * @param localPath only for simulators, which mount a local folder instead; empty else
   */
  record DatastoreMount(
      String datastore,
      String server,
      String path,
      java.util.function.Function<String, String> reachability,
      String localPath) {}

  /**
   * What became of one host.
   *
   * @param reason why it failed and what to do, empty when it did not
   */
  record HostResult(String host, Outcome outcome, String reason) {
    /** See {@link HostResult}. */
    public enum Outcome {
      DONE,
      ALREADY,
      REFUSED,
      FAILED
    }
  }

  /**
   * A hypervisor host.
   *
   * @param address its management address
   */
  record HostState(String host, String address, boolean connected, boolean mounted) {}
}
