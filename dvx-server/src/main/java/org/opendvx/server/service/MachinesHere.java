package org.opendvx.server.service;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.cluster.FrontBar;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmFiles;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.VmList;
import org.opendvx.server.api.VmView;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the managers which machines run where, when this host was declared dead and refuses changes
 * until that is known. From then on changes of files whose machines run elsewhere are refused.
 */
public final class MachinesHere implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MachinesHere.class);

  private final Set<String> names;
  private final HypervisorRegistry hypervisors;
  private final VmDirectory machines;
  private final VmFiles files;
  private final FrontBar bar;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("machines-here").factory());

  /**
   * Over these.
   *
   * @param names of the hypervisor host beside this one
   */
  public MachinesHere(
      Set<String> names,
      HypervisorRegistry hypervisors,
      VmDirectory machines,
      Datastore datastore,
      FrontBar bar) {
    this.names = Set.copyOf(names);
    this.hypervisors = hypervisors;
    this.machines = machines;
    this.files = new VmFiles(datastore);
    this.bar = bar;
  }

  /** Looks again and again while nothing may be changed. */
  public MachinesHere start(Duration pause) {
    var _ =
        clock.scheduleWithFixedDelay(
            this::look, pause.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
    return this;
  }

  private void look() {
    if (!bar.closed() || hypervisors.names().isEmpty()) {
      return;
    }
    try {
      ask();
    } catch (DvxException | FileException e) {
      LOG.warn("It is not known yet where machines run: {}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("It is not known yet where machines run", e);
    }
  }

  private void ask() {
    long asOf = bar.closings();
    VmList all = machines.list("", "", false);
    if (!all.problems().isEmpty()) {
      throw all.problems().getFirst().toException();
    }
    List<Long> elsewhere = new ArrayList<>();
    for (VmView vm : all.items()) {
      if (!names.contains(vm.host()) && !vm.power().equals("OFF")) {
        elsewhere.addAll(filesOf(new VmRef(vm.hypervisor(), vm.id())));
      }
    }
    bar.narrow(elsewhere, asOf);
    LOG.info("{} files belong to machines that run elsewhere", elsewhere.size());
  }

  private List<Long> filesOf(VmRef vm) {
    try {
      return files
          .of(hypervisors.use(vm.hypervisor(), hypervisor -> hypervisor.describe(vm)))
          .values()
          .stream()
          .map(FileKey::file)
          .toList();
    } catch (DvxException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        // Deleted meanwhile: it runs nowhere.
        return List.of();
      }
      throw e;
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
