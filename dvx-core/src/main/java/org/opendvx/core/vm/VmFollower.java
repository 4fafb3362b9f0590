package org.opendvx.core.vm;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a machine's files to the node beside the hypervisor host where it runs now, and confirms
 * that it runs there. What fails is logged: the files are served from where they are, and move by
 * use. Thread-safe; events return at once.
 */
public final class VmFollower implements Consumer<VmMobility> {
  private static final Logger LOG = LoggerFactory.getLogger(VmFollower.class);

  private final Set<String> hosts;
  private final Function<VmRef, Hypervisor> hypervisors;
  private final VmFiles files;
  private final Consumer<Collection<FileKey>> moveHere;
  private final Confirmation confirmation;
  private final Executor executor;

  /** Where it is noted that files may be changed through this node: {@code FrontBar}. */
  public interface Confirmation {
    /** The moment from which on an answer of a manager counts; to be taken before it is asked. */
    long moment();

    /** The machine of these files ran beside this node after that moment. */
    void confirm(Collection<Long> files, long moment);
  }

  /**
   * A follower for one node.
   *
   * @param hosts names under which the managers know the hypervisor host beside this node
   * @param hypervisors the manager of a machine
   * @param moveHere makes this node the owner of files: {@code ClusterHost.moveHere}; blocks
   * @param confirmation lets files be changed through this node again
   * @param executor runs what blocks
   */
  public VmFollower(
      Set<String> hosts,
      Function<VmRef, Hypervisor> hypervisors,
      Datastore datastore,
      Consumer<Collection<FileKey>> moveHere,
      Confirmation confirmation,
      Executor executor) {
    this.hosts = Set.copyOf(hosts);
    this.hypervisors = hypervisors;
    this.files = new VmFiles(datastore);
    this.moveHere = moveHere;
    this.confirmation = confirmation;
    this.executor = executor;
  }

  @Override
  public void accept(VmMobility event) {
    switch (event) {
      case VmMobility.Moved moved when hosts.contains(moved.target()) ->
          follow(moved.vm(), moved.name());
      case VmMobility.RestartedElsewhere moved when hosts.contains(moved.target()) ->
          follow(moved.vm(), moved.name());
      case VmMobility.PoweredOn on when hosts.contains(on.host()) -> follow(on.vm(), on.name());
      // The host may live and write: only the pool's lease says when its files may be taken.
      case VmMobility.HostLost lost -> LOG.info("{} stays where it is: {}", lost.name(), lost);
      default -> LOG.debug("Not for this host: {}", event);
    }
  }

  /**
   * Brings a machine's files here, and confirms that it runs beside this node if the manager says
   * so now: the event may be older than what made the node ask for that. Returns at once.
   */
  public void follow(VmRef vm, String name) {
    executor.execute(
        () -> {
          try {
            long moment = confirmation.moment();
            VmDescription now = hypervisors.apply(vm).describe(vm);
            List<FileKey> keys = List.copyOf(files.of(now).values());
            if (hosts.contains(now.host())) {
              confirmation.confirm(keys.stream().map(FileKey::file).toList(), moment);
            }
            moveHere.accept(keys);
            LOG.info("{} files of {} follow it to this host", keys.size(), name);
          } catch (DvxException | FileException e) {
            LOG.warn("The files of {} stay where they are: {}", name, e.getMessage());
          }
        });
  }
}
