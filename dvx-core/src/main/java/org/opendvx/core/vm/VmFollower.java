package org.opendvx.core.vm;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
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

  private final String host;
  private final Hypervisor hypervisor;
  private final VmFileSet files;
  private final Consumer<Collection<FileKey>> moveHere;
  private final Consumer<Collection<Long>> confirm;
  private final Executor executor;

  /**
   * A follower for one node.
   *
   * @param host the hypervisor host beside this node, as the hypervisor names it
   * @param moveHere makes this node the owner of files: {@code ClusterHost.moveHere}; blocks
   * @param confirm lets files be changed through this node again: {@code FrontBar.confirm}
   * @param executor runs what blocks
   */
  public VmFollower(
      String host,
      Hypervisor hypervisor,
      Datastore datastore,
      Consumer<Collection<FileKey>> moveHere,
      Consumer<Collection<Long>> confirm,
      Executor executor) {
    this.host = host;
    this.hypervisor = hypervisor;
    this.files = new VmFileSet(new DatastorePaths(datastore));
    this.moveHere = moveHere;
    this.confirm = confirm;
    this.executor = executor;
  }

  @Override
  public void accept(VmMobility event) {
    switch (event) {
      case VmMobility.Moved moved when moved.target().equals(host) -> follow(moved);
      case VmMobility.RestartedElsewhere moved when moved.target().equals(host) -> follow(moved);
      case VmMobility.PoweredOn on when on.host().equals(host) -> follow(on);
      // The host may live and write: only the pool's lease says when its files may be taken.
      case VmMobility.HostLost lost -> LOG.info("{} stays where it is: {}", lost.name(), lost);
      default -> LOG.debug("Not for this host: {}", event);
    }
  }

  private void follow(VmMobility event) {
    executor.execute(
        () -> {
          try {
            List<FileKey> keys =
                List.copyOf(files.resolve(hypervisor.describe(event.vm())).values());
            confirm.accept(keys.stream().map(FileKey::file).toList());
            moveHere.accept(keys);
            LOG.info("{} files of {} follow it to {}", keys.size(), event.name(), host);
          } catch (DvxException | FileException e) {
            LOG.warn("The files of {} stay where they are: {}", event.name(), e.getMessage());
          }
        });
  }
}
