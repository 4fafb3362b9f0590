package org.opendvx.rhv.inventory;

import static org.ovirt.engine.sdk4.builders.Builders.cluster;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.types.Vm;

/**
 * After a disaster: an engine that knows nothing takes up the domain that is on the datastore, and
 * the machines that its OVF store tells of.
 */
public final class DomainImport {
  private static final String UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
  private static final long LIMIT_SECONDS = 60;

  private final EngineSession session;
  private final Catalog catalog;
  private final DomainRegistrar registrar;
  private final String folder;

  /** Over a session. */
  public DomainImport(
      EngineSession session, Catalog catalog, DomainRegistrar registrar, String folder) {
    this.session = session;
    this.catalog = catalog;
    this.registrar = registrar;
    this.folder = folder;
  }

  /**
   * What was brought in.
   *
   * @param registered names of machines
   * @param failed machines that the engine refused, each with its reason
   */
  public record Imported(String domain, List<String> registered, List<String> failed) {}

  /** Imports the domain and registers its machines; what is there already is left as it is. */
  public Imported run(Datastore datastore, DatastoreMount mount) {
    String id = onlyDomain(datastore);
    registrar.importDomain(mount, id);
    String center = catalog.dataCenter().id();
    String cluster =
        catalog.clusters().stream()
            .filter(each -> each.dataCenterPresent() && center.equals(each.dataCenter().id()))
            .findFirst()
            .orElseThrow(
                () ->
                    DvxException.of(Kind.NOT_FOUND, "The data center has no cluster")
                        .remedy("Make one, then import again")
                        .build())
            .id();
    List<String> registered = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    for (Vm vm : unregistered(id)) {
      try {
        register(id, vm, cluster);
        registered.add(vm.name());
      } catch (DvxException e) {
        failed.add(vm.name() + ": " + e.getMessage());
      }
    }
    return new Imported(id, registered, failed);
  }

  private void register(String id, Vm vm, String cluster) {
    try {
      session.change(
          "The machine " + vm.name() + " cannot be registered",
          system ->
              system
                  .storageDomainsService()
                  .storageDomainService(id)
                  .vmsService()
                  .vmService(vm.id())
                  .register()
                  .cluster(cluster().id(cluster))
                  .allowPartialImport(false)
                  .reassignBadMacs(true)
                  .send());
    } catch (DvxException e) {
      // Our own call may have been carried out though its answer was lost.
      if (!e.kind().isTransient()
          || unregistered(id).stream().anyMatch(each -> each.id().equals(vm.id()))) {
        throw e;
      }
    }
  }

  private List<Vm> unregistered(String id) {
    return session.read(
        "The engine cannot list the domain's machines",
        system ->
            system
                .storageDomainsService()
                .storageDomainService(id)
                .vmsService()
                .list()
                .unregistered(true)
                .send()
                .vm());
  }

  /** The id of the one domain below the export. */
  private String onlyDomain(Datastore datastore) {
    List<String> found = new ArrayList<>();
    FileKey top = find(datastore, FileKey.ROOT, folder);
    long cookie = 0;
    while (true) {
      Datastore.Listing page =
          datastore
              .list(Caller.SYSTEM, top, cookie, 1000)
              .orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS)
              .join();
      for (Datastore.Entry entry : page.entries()) {
        String name = new String(entry.name(), StandardCharsets.UTF_8);
        cookie = entry.cookie();
        if (name.matches(UUID) && isDomain(datastore, entry.key())) {
          found.add(name);
        }
      }
      if (page.end() || page.entries().isEmpty()) {
        break;
      }
    }
    if (found.size() != 1) {
      throw DvxException.of(
              found.isEmpty() ? Kind.NOT_FOUND : Kind.CONFLICT,
              "There is not exactly one storage domain on the datastore")
          .cause(
              found.isEmpty()
                  ? "No folder below " + folder + "/ holds dom_md/metadata"
                  : "There are " + found.size())
          .remedy("Check the export's folder; import by hand in the engine if there are several")
          .detail("found", found)
          .build();
    }
    return found.getFirst();
  }

  private static boolean isDomain(Datastore datastore, FileKey folder) {
    try {
      find(datastore, folder, "/dom_md/metadata");
      return true;
    } catch (DvxException e) {
      return false;
    }
  }

  private static FileKey find(Datastore datastore, FileKey from, String path) {
    FileKey key = from;
    for (String name : path.split("/", -1)) {
      if (name.isEmpty()) {
        continue;
      }
      try {
        key =
            datastore
                .lookup(Caller.SYSTEM, key, name.getBytes(StandardCharsets.UTF_8))
                .orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS)
                .join()
                .key();
      } catch (CompletionException e) {
        Kind kind = e.getCause() instanceof FileException ? Kind.NOT_FOUND : Kind.UNAVAILABLE;
        throw DvxException.of(kind, "There is no " + path + " on the datastore")
            .causedBy(e)
            .build();
      }
    }
    return key;
  }
}
