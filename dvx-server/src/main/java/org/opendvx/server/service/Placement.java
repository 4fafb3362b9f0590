package org.opendvx.server.service;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.cluster.HostStatus;
import org.opendvx.core.cluster.PeerBook;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmFiles;
import org.opendvx.core.vm.VmRef;
import org.opendvx.server.api.DvxHostView;
import org.opendvx.server.api.DvxHostsView;
import org.opendvx.server.api.FilePlaceView;
import org.opendvx.server.api.HostFiguresView;
import org.opendvx.server.api.MovedView;
import org.opendvx.server.api.PlacementView;

/** Which hosts show the datastore, and which of them serves what. Thread-safe. */
public final class Placement {
  private static final double NANOS_PER_MILLI = 1e6;

  private final String node;
  private final Optional<Others> others;
  private final Datastore datastore;
  private final HypervisorRegistry hypervisors;
  private final VmDirectory machines;

  /**
   * This node among others.
   *
   * @param book what they noted of themselves
   * @param door shuts a host out of the data node; false when that did not know it
   */
  public record Others(ClusterHost host, PeerBook book, Predicate<String> door) {}

  /**
   * What somebody means by a machine.
   *
   * @param vm connection/id, or a folder
   * @param runsOn hypervisor host; empty for a folder
   */
  public record Files(String vm, String runsOn, Map<String, FileKey> files) {}

  /**
   * Over these.
   *
   * @param node name of this node
   * @param others null for a node on its own
   */
  public Placement(
      String node,
      @Nullable Others others,
      Datastore datastore,
      HypervisorRegistry hypervisors,
      VmDirectory machines) {
    this.node = node;
    this.others = Optional.ofNullable(others);
    this.datastore = datastore;
    this.hypervisors = hypervisors;
    this.machines = machines;
  }

  /** The hosts. */
  public DvxHostsView hosts() {
    if (others.isEmpty()) {
      return new DvxHostsView(
          List.of(new DvxHostView(node, "HELD", true, 1, "", List.of(node), List.of())), null);
    }
    Others all = others.get();
    Map<String, List<String>> names = new HashMap<>();
    all.book().read().forEach(peer -> names.put(peer.host(), peer.hypervisors()));
    List<DvxHostView> views = new ArrayList<>();
    for (HostStatus.Seen seen : all.host().hosts()) {
      views.add(
          new DvxHostView(
              seen.host(),
              seen.state(),
              seen.host().equals(node),
              seen.life(),
              seen.endpoint(),
              seen.roots(),
              names.getOrDefault(seen.host(), List.of())));
    }
    return new DvxHostsView(views, figures(all.host().status()));
  }

  private static HostFiguresView figures(HostStatus status) {
    return new HostFiguresView(
        Math.max(0, status.leaseNanos() / 1_000_000),
        status.barred(),
        status.localOperations(),
        status.forwarded(),
        status.traffic().sent(),
        status.traffic().received(),
        status.handOvers().count(),
        status.handOvers().lastNanos() / NANOS_PER_MILLI,
        status.handOvers().longestNanos() / NANOS_PER_MILLI);
  }

  /**
   * Where a machine's files are served.
   *
   * @param vm its name, connection/id, or a folder of the datastore with a slash in front
   */
  public PlacementView where(String vm) {
    Files found = files(vm);
    List<FilePlaceView> views = new ArrayList<>();
    Map<Long, HostStatus.Place> places = places(found.files().values());
    found
        .files()
        .forEach(
            (path, key) -> {
              HostStatus.Place place = places.get(key.file());
              views.add(
                  place == null
                      ? new FilePlaceView(path, node, node)
                      : new FilePlaceView(path, place.root(), place.host()));
            });
    return new PlacementView(found.vm(), found.runsOn(), views);
  }

  private Map<Long, HostStatus.Place> places(Collection<FileKey> files) {
    Map<Long, HostStatus.Place> places = new HashMap<>();
    others.ifPresent(
        all -> all.host().where(files).forEach(place -> places.put(place.file(), place)));
    return places;
  }

  /** Moves a machine's files to a host, as they do when the machine moves there. */
  public MovedView move(String vm, String to) {
    Files found = files(vm);
    long start = System.nanoTime();
    if (others.isPresent()) {
      ClusterHost host = others.get().host();
      if (host.hosts().stream().noneMatch(seen -> seen.host().equals(to))) {
        throw unknown(to);
      }
      host.moveTo(to, found.files().values());
    } else if (!to.equals(node)) {
      throw unknown(to);
    }
    return new MovedView(
        found.vm(), to, found.files().size(), (System.nanoTime() - start) / NANOS_PER_MILLI);
  }

  /**
   * Shuts a host out for good. First the data node knows it no more, so that it renews no lease;
   * when its lease is over others serve its files; then the other hosts hear it no more.
   */
  public void remove(String host) {
    if (others.isEmpty() || host.equals(node)) {
      throw DvxException.of(Kind.INVALID, "A host does not remove itself")
          .cause(node + " is the host that was asked")
          .remedy("Ask another host: dvx host remove --help")
          .build();
    }
    Others all = others.get();
    boolean joined = all.door().test(host);
    if (!joined
        && !all.book().knows(host)
        && all.host().hosts().stream().noneMatch(seen -> seen.host().equals(host))) {
      throw unknown(host);
    }
    all.host().shutOut(host);
    all.book().remove(host);
  }

  /**
   * Lets files be changed through this host again after it was declared dead: an administrator
   * knows that no machine beside it was restarted elsewhere.
   */
  public void confirm(String host) {
    if (others.isEmpty() || !host.equals(node)) {
      throw DvxException.of(Kind.INVALID, "That is said to the host itself")
          .cause(node + (others.isEmpty() ? " is no host among others" : " was asked, not " + host))
          .remedy("Ask it there: dvx host confirm --help")
          .build();
    }
    others.get().host().bar().confirmAll();
  }

  private static DvxException unknown(String host) {
    return DvxException.of(Kind.NOT_FOUND, "There is no such host")
        .cause("No host of this datastore is called " + host)
        .remedy("dvx host list shows them")
        .build();
  }

  /**
   * Finds a machine's files.
   *
   * @param vm its name, connection/id, or a folder of the datastore with a slash in front
   */
  public Files files(String vm) {
    if (vm.startsWith("/")) {
      Map<String, FileKey> files = new LinkedHashMap<>();
      new FileSets(datastore).named(List.of(vm)).forEach((key, path) -> files.put(path, key));
      return new Files(vm, "", files);
    }
    VmRef ref = machines.resolve(vm);
    VmDescription described =
        hypervisors.use(ref.hypervisor(), hypervisor -> hypervisor.describe(ref));
    return new Files(ref.toString(), described.host(), new VmFiles(datastore).of(described));
  }
}
