package org.opendvx.server.service;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.cluster.FrontBar;
import org.opendvx.core.cluster.FrontBar.Place;
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
    Map<String, FileKey> elsewhere = new HashMap<>();
    Set<String> shared = new HashSet<>();
    for (VmView vm : all.items()) {
      VmRef ref = new VmRef(vm.hypervisor(), vm.id());
      if (names.contains(vm.host()) || vm.power().equals("OFF")) {
        shared.addAll(directoriesOf(ref));
      } else {
        elsewhere.putAll(filesOf(ref));
      }
    }
    List<Place> places = places(elsewhere, shared);
    bar.narrow(places, asOf);
    LOG.info("{} files belong to machines that run elsewhere", places.size());
  }

  /**
   * The files of machines that run elsewhere, and the directories in which no other machine has
   * any.
   *
   * @param shared directories of the other machines
   */
  private List<Place> places(Map<String, FileKey> elsewhere, Set<String> shared) {
    List<Place> places = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    elsewhere.forEach(
        (path, file) -> {
          String directory = VmFiles.directory(path);
          boolean own = !directory.isEmpty() && !shared.contains(directory);
          place(path, file, own).ifPresent(places::add);
          if (own && seen.add(directory)) {
            files
                .find(directory)
                .flatMap(key -> place(directory, key, false))
                .ifPresent(places::add);
          }
        });
    return places;
  }

  private Optional<Place> place(String path, FileKey file, boolean own) {
    return files
        .find(VmFiles.directory(path))
        .map(directory -> new Place(file, directory, VmFiles.name(path), own));
  }

  private List<String> directoriesOf(VmRef vm) {
    try {
      return filesOf(vm).keySet().stream().map(VmFiles::directory).toList();
    } catch (DvxException e) {
      // The other machines need not wait for that one.
      LOG.warn("The files of {} are not known: {}", vm, e.getMessage());
      return List.of();
    }
  }

  private Map<String, FileKey> filesOf(VmRef vm) {
    try {
      return files.of(hypervisors.use(vm.hypervisor(), hypervisor -> hypervisor.describe(vm)));
    } catch (DvxException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        // Deleted meanwhile: it runs nowhere.
        return Map.of();
      }
      throw e;
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
