package org.opendvx.rhv.inventory;

import static org.ovirt.engine.sdk4.builders.Builders.host;
import static org.ovirt.engine.sdk4.builders.Builders.hostStorage;
import static org.ovirt.engine.sdk4.builders.Builders.storageDomain;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.Hypervisor.HostResult;
import org.opendvx.core.vm.Hypervisor.HostState;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.builders.StorageDomainBuilder;
import org.ovirt.engine.sdk4.services.AttachedStorageDomainsService;
import org.ovirt.engine.sdk4.types.Host;
import org.ovirt.engine.sdk4.types.HostStatus;
import org.ovirt.engine.sdk4.types.StorageDomain;
import org.ovirt.engine.sdk4.types.StorageDomainStatus;
import org.ovirt.engine.sdk4.types.StorageDomainType;
import org.ovirt.engine.sdk4.types.StorageType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings our storage domain into the engine, and out of it. The engine's own state is the only
 * memory: look, take the next step, look again. So a run that was broken off anywhere is taken up
 * by the next one, and a step whose answer was lost is not taken twice.
 *
 * <p>In oVirt a domain belongs to a data center, and every host of it must reach it: a host that
 * does not is set non-operational. Therefore all hosts are checked before the domain is added.
 */
public final class DomainRegistrar {
  private static final Logger LOG = LoggerFactory.getLogger(DomainRegistrar.class);
  private static final int MOST_REFUSALS = 8;

  /** What an engine says while it is still at something, such as making its OVF disks. */
  private static final Pattern BUSY =
      Pattern.compile(
          "locked|running task|in progress|being |already in use|already exist|related operation",
          Pattern.CASE_INSENSITIVE);

  /** A refusal of a busy engine is waited out so long. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final EngineSession session;
  private final Catalog catalog;
  private final Duration limit;

  /**
   * Over a session.
   *
   * @param limit how long a whole run may take
   */
  public DomainRegistrar(EngineSession session, Catalog catalog, Duration limit) {
    this.session = session;
    this.catalog = catalog;
    this.limit = limit;
  }

  /** One step after a look; true when there is nothing left to do. */
  @FunctionalInterface
  private interface Step {
    boolean take();
  }

  /**
   * Adds, attaches and activates; what is done already is left as it is.
   *
   * @param hosts the hosts of which the first that is up adds the domain; empty for any
   */
  public List<HostResult> register(DatastoreMount mount, List<String> hosts) {
    List<HostResult> refused = refusals(mount);
    if (!refused.isEmpty()) {
      return refused;
    }
    boolean already = active();
    bringUp(mount, hosts, null);
    return report(already);
  }

  /**
   * Brings in a domain that exists on the datastore, after the engine was lost.
   *
   * @param id the domain's id, the name of its folder
   */
  public void importDomain(DatastoreMount mount, String id) {
    List<HostResult> refused = refusals(mount);
    if (!refused.isEmpty()) {
      throw DvxException.of(Kind.DENIED, "A host would not reach the domain")
          .cause(refused.getFirst().host() + ": " + refused.getFirst().reason())
          .remedy("Allow it in nfs.clients or the export's clients")
          .build();
    }
    bringUp(mount, List.of(), id);
  }

  private void bringUp(DatastoreMount mount, List<String> hosts, @Nullable String id) {
    String center = catalog.dataCenter().id();
    repeat(
        "The storage domain " + catalog.domainName() + " cannot be registered",
        () -> {
          Optional<StorageDomain> found = catalog.domain();
          if (found.isEmpty()) {
            add(mount, adder(hosts), id);
            return false;
          }
          StorageDomain domain = found.get();
          requireOurs(domain, mount, id);
          Optional<StorageDomainStatus> status = status(center, domain.id());
          if (status.isEmpty()) {
            session.change(
                "The storage domain cannot be attached",
                system ->
                    attached(system, center)
                        .add()
                        .storageDomain(storageDomain().id(domain.id()))
                        .send());
            return false;
          }
          return switch (status.get()) {
            case ACTIVE -> true;
            case MAINTENANCE, INACTIVE -> {
              session.change(
                  "The storage domain cannot be activated",
                  system ->
                      attached(system, center).storageDomainService(domain.id()).activate().send());
              yield false;
            }
            case ACTIVATING,
                DETACHING,
                LOCKED,
                MIXED,
                PREPARING_FOR_MAINTENANCE,
                UNATTACHED,
                UNKNOWN ->
                false;
          };
        });
    LOG.info("the storage domain {} is active", catalog.domainName());
  }

  /** Deactivates, detaches, and removes without touching the files. */
  public List<HostResult> unregister() {
    String center = catalog.dataCenter().id();
    boolean[] did = {false};
    repeat(
        "The storage domain " + catalog.domainName() + " cannot be taken out",
        () -> {
          Optional<StorageDomain> found = catalog.domain();
          if (found.isEmpty()) {
            return true;
          }
          did[0] = true;
          String id = found.get().id();
          Optional<StorageDomainStatus> status = status(center, id);
          if (status.isEmpty()) {
            String adder = adder(List.of()).name();
            session.change(
                "The storage domain cannot be removed",
                system ->
                    system
                        .storageDomainsService()
                        .storageDomainService(id)
                        .remove()
                        .host(adder)
                        .format(false)
                        .destroy(false)
                        .send());
            return false;
          }
          switch (status.get()) {
            case MAINTENANCE ->
                session.change(
                    "The storage domain cannot be detached",
                    system -> attached(system, center).storageDomainService(id).remove().send());
            case ACTIVE, INACTIVE, UNKNOWN, MIXED ->
                session.change(
                    "The storage domain cannot be deactivated",
                    system ->
                        attached(system, center).storageDomainService(id).deactivate().send());
            case ACTIVATING, DETACHING, LOCKED, PREPARING_FOR_MAINTENANCE, UNATTACHED -> {
              // On its way: look again.
            }
          }
          return false;
        });
    HostResult.Outcome outcome = did[0] ? HostResult.Outcome.DONE : HostResult.Outcome.ALREADY;
    return catalog.hosts().values().stream()
        .map(each -> new HostResult(each.name(), outcome, ""))
        .toList();
  }

  /** The hosts, and whether they have the domain: those that are up while it is active do. */
  public List<HostState> states() {
    boolean active = active();
    return catalog.hosts().values().stream()
        .map(
            each ->
                new HostState(
                    each.name(),
                    each.addressPresent() ? each.address() : "",
                    each.status() == HostStatus.UP,
                    active && each.status() == HostStatus.UP))
        .toList();
  }

  private boolean active() {
    Optional<StorageDomain> found = catalog.domain();
    return found.isPresent()
        && status(catalog.dataCenter().id(), found.get().id())
            .filter(each -> each == StorageDomainStatus.ACTIVE)
            .isPresent();
  }

  private List<HostResult> refusals(DatastoreMount mount) {
    List<HostResult> results = new ArrayList<>();
    boolean any = false;
    for (Host each : catalog.hosts().values()) {
      String reason =
          each.status() == HostStatus.UP ? mount.reachability().apply(each.address()) : "";
      any |= !reason.isEmpty();
      results.add(
          new HostResult(
              each.name(),
              HostResult.Outcome.REFUSED,
              reason.isEmpty()
                  ? "not tried: another host of the data center would not reach the domain"
                  : reason));
    }
    return any ? results : List.of();
  }

  private List<HostResult> report(boolean already) {
    return catalog.hosts().values().stream()
        .map(
            each ->
                each.status() == HostStatus.UP
                    ? new HostResult(
                        each.name(),
                        already ? HostResult.Outcome.ALREADY : HostResult.Outcome.DONE,
                        "")
                    : new HostResult(
                        each.name(),
                        HostResult.Outcome.FAILED,
                        "the host is "
                            + each.status().value()
                            + "; it takes the domain when it is up"))
        .toList();
  }

  private Host adder(List<String> wanted) {
    return catalog.hosts().values().stream()
        .filter(each -> each.status() == HostStatus.UP)
        .filter(each -> wanted.isEmpty() || wanted.contains(each.name()))
        .findFirst()
        .orElseThrow(
            () ->
                DvxException.of(Kind.NOT_FOUND, "No host can add the storage domain")
                    .cause(
                        wanted.isEmpty()
                            ? "No host of the data center is up"
                            : "None of " + String.join(", ", wanted) + " is up")
                    .remedy("Bring a host up, or name another one")
                    .build());
  }

  private void add(DatastoreMount mount, Host by, @Nullable String id) {
    StorageDomainBuilder wanted =
        storageDomain()
            .name(catalog.domainName())
            .description("OpenDVX")
            .type(StorageDomainType.DATA)
            .host(host().id(by.id()).name(by.name()))
            .storage(
                hostStorage().type(StorageType.NFS).address(mount.server()).path(mount.path()));
    if (id != null) {
      wanted.id(id).import_(true);
    }
    session.change(
        "The storage domain cannot be added",
        limit,
        system -> system.storageDomainsService().add().storageDomain(wanted).send());
  }

  private void requireOurs(StorageDomain domain, DatastoreMount mount, @Nullable String id) {
    boolean same =
        domain.storagePresent()
            && domain.storage().type() == StorageType.NFS
            && mount.server().equals(domain.storage().address())
            && mount.path().equals(domain.storage().path())
            && (id == null || id.equals(domain.id()));
    if (!same) {
      throw DvxException.of(Kind.EXISTS, "The engine has another storage domain of this name")
          .cause(
              catalog.domainName()
                  + (domain.storagePresent()
                      ? " is " + domain.storage().address() + ":" + domain.storage().path()
                      : " is of another kind")
                  + ", wanted is "
                  + mount.server()
                  + ":"
                  + mount.path())
          .remedy("Set node.datastore to another name, or take that domain out first")
          .detail("domain", domain.id())
          .build();
    }
  }

  private static AttachedStorageDomainsService attached(
      org.ovirt.engine.sdk4.services.SystemService system, String center) {
    return system.dataCentersService().dataCenterService(center).storageDomainsService();
  }

  /** The status in the data center, empty when it is not attached. */
  private Optional<StorageDomainStatus> status(String center, String domain) {
    return session
        .read(
            "The engine cannot list the data center's storage domains",
            system -> attached(system, center).list().send().storageDomains())
        .stream()
        .filter(each -> domain.equals(each.id()))
        .map(each -> each.statusPresent() ? each.status() : StorageDomainStatus.UNKNOWN)
        .findFirst();
  }

  /**
   * Takes steps until there is none left. Passing trouble is waited out; a refusal that stays is
   * told after some tries, since the next look may show that it does not matter.
   */
  private void repeat(String doing, Step step) {
    long began = System.nanoTime();
    long end = began + limit.toNanos();
    int refusals = 0;
    DvxException last = null;
    while (System.nanoTime() - end < 0) {
      try {
        if (step.take()) {
          return;
        }
      } catch (DvxException e) {
        last = e;
        boolean refusal = e.kind() == Kind.CONFLICT || e.kind() == Kind.EXISTS;
        boolean busy = refusal && BUSY.matcher(e.report().cause()).find();
        boolean waits = busy && System.nanoTime() - began < PATIENCE.toNanos();
        refusals += refusal && !waits ? 1 : 0;
        if (refusals > MOST_REFUSALS || !(refusal || e.kind().isTransient())) {
          throw e;
        }
        LOG.info("{}: {}", doing, e.getMessage());
      }
      VmControl.sleep(doing);
    }
    throw last != null
        ? last
        : DvxException.of(Kind.TIMEOUT, doing)
            .cause("It is not where it should be after " + limit.toSeconds() + " s")
            .remedy("look at the engine's events; the same command goes on where this one stopped")
            .build();
  }
}
