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
  private final Consumer<Collection<Long>> confirm;
  private final Executor executor;

  /**
   * A follower for one node.
   *
   * @param hosts names under which the managers know the hypervisor host beside this node
   * @param hypervisors the manager of a machine
   * @param moveHere makes this node the owner of files: {@code ClusterHost.moveHere}; blocks
   * @param confirm lets files be changed through this node again: {@code FrontBar.confirm}
   * @param executor runs what blocks
   */
  public VmFollower(
      Set<String> hosts,
      Function<VmRef, Hypervisor> hypervisors,
      Datastore datastore,
      Consumer<Collection<FileKey>> moveHere,
      Consumer<Collection<Long>> confirm,
      Executor executor) {
    this.hosts = Set.copyOf(hosts);
    this.hypervisors = hypervisors;
    this.files = new VmFiles(datastore);
    this.moveHere = moveHere;
    this.confirm = confirm;
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

  /** Confirms that a machine runs beside this node, and brings its files here. Returns at once. */
  public void follow(VmRef vm, String name) {
    executor.execute(
        () -> {
          try {
            List<FileKey> keys = List.copyOf(files.of(hypervisors.apply(vm).describe(vm)).values());
            confirm.accept(keys.stream().map(FileKey::file).toList());
            moveHere.accept(keys);
            LOG.info("{} files of {} follow it to this host", keys.size(), name);
          } catch (DvxException | FileException e) {
            LOG.warn("The files of {} stay where they are: {}", name, e.getMessage());
          }
        });
  }
}
