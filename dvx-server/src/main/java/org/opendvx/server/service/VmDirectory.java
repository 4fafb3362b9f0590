package org.opendvx.server.service;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.server.api.DiskView;
import org.opendvx.server.api.ForeignDiskView;
import org.opendvx.server.api.Problem;
import org.opendvx.server.api.VmDetail;
import org.opendvx.server.api.VmList;
import org.opendvx.server.api.VmView;

/** Finds virtual machines over all connections. Thread-safe. */
public final class VmDirectory {
  private final HypervisorRegistry hypervisors;

  /** A directory over these connections. */
  public VmDirectory(HypervisorRegistry hypervisors) {
    this.hypervisors = hypervisors;
  }

  private record Inventory(List<VmSummary> vms, List<DvxException> failures) {}

  /**
   * Machines by name.
   *
   * @param hypervisor only this connection's, empty for all
   * @param name only those whose name contains this text, whatever the case
   * @param all also those without files on the datastore
   */
  public VmList list(String hypervisor, String name, boolean all) {
    Inventory inventory = inventory(hypervisor);
    if (!hypervisor.isEmpty() && !inventory.failures().isEmpty()) {
      throw inventory.failures().getFirst();
    }
    String wanted = name.toLowerCase(Locale.ROOT);
    List<VmView> views =
        inventory.vms().stream()
            .filter(vm -> all || vm.onDatastore())
            .filter(vm -> vm.name().toLowerCase(Locale.ROOT).contains(wanted))
            .sorted(Comparator.comparing(VmSummary::name).thenComparing(vm -> vm.ref().toString()))
            .map(VmDirectory::view)
            .toList();
    return new VmList(views, inventory.failures().stream().map(e -> Problem.of(e, null)).toList());
  }

  /** All that is known of a machine, read anew. */
  public VmDetail describe(VmRef ref) {
    VmDescription vm = hypervisors.use(ref.hypervisor(), hypervisor -> hypervisor.describe(ref));
    return new VmDetail(
        ref.hypervisor(),
        ref.id(),
        vm.name(),
        vm.power().name(),
        vm.host(),
        vm.biosUuid(),
        vm.instanceUuid(),
        vm.configuration(),
        vm.files(),
        vm.disks().stream()
            .map(disk -> new DiskView(disk.label(), disk.chain(), disk.capacityBytes()))
            .toList(),
        vm.foreignDisks().stream()
            .map(disk -> new ForeignDiskView(disk.label(), disk.backing(), disk.reason().name()))
            .toList(),
        vm.hardware(),
        vm.hypervisorSnapshots());
  }

  /**
   * The machine that a person means.
   *
   * @param text its name, or {@code hypervisor/id}
   * @throws DvxException NOT_FOUND; INVALID when several have that name
   */
  public VmRef resolve(String text) {
    int slash = text.indexOf('/');
    if (slash > 0 && hypervisors.names().contains(text.substring(0, slash))) {
      return new VmRef(text.substring(0, slash), text.substring(slash + 1));
    }
    Inventory inventory = inventory("");
    List<VmRef> named =
        inventory.vms().stream().filter(vm -> vm.name().equals(text)).map(VmSummary::ref).toList();
    if (named.size() == 1) {
      return named.getFirst();
    }
    if (named.size() > 1) {
      throw DvxException.of(Kind.INVALID, "Several machines have this name")
          .cause(text + " is the name of " + named.size() + " machines")
          .remedy("Name the one you mean by its id")
          .detail("ids", named)
          .build();
    }
    if (!inventory.failures().isEmpty()) {
      throw inventory.failures().getFirst();
    }
    throw DvxException.of(Kind.NOT_FOUND, "There is no such machine")
        .cause(
            hypervisors.names().isEmpty()
                ? "No vCenter is connected"
                : "No machine of " + String.join(", ", hypervisors.names()) + " has that name")
        .remedy(
            hypervisors.names().isEmpty()
                ? "dvx vcenter add connects one"
                : "dvx vm list --all shows the machines")
        .detail("name", text)
        .build();
  }

  private Inventory inventory(String only) {
    List<String> names = only.isEmpty() ? hypervisors.names() : List.of(only);
    List<Callable<List<VmSummary>>> questions = new ArrayList<>();
    for (String name : names) {
      questions.add(() -> hypervisors.use(name, hypervisor -> hypervisor.vms()));
    }
    List<VmSummary> vms = new ArrayList<>();
    List<DvxException> failures = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<List<VmSummary>> answer : threads.invokeAll(questions)) {
        try {
          vms.addAll(answer.get());
        } catch (ExecutionException e) {
          failures.add(e.getCause() instanceof DvxException told ? told : Unexpected.fault(e));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "The machines could not be listed")
          .cause("The node is stopping")
          .remedy("Try again when it runs")
          .build();
    }
    return new Inventory(vms, failures);
  }

  private static VmView view(VmSummary vm) {
    return new VmView(
        vm.ref().hypervisor(),
        vm.ref().id(),
        vm.name(),
        vm.power().name(),
        vm.host(),
        vm.onDatastore());
  }
}
