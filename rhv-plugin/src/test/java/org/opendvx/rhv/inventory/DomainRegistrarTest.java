package org.opendvx.rhv.inventory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.Hypervisor.HostResult;
import org.opendvx.core.vm.Hypervisor.HostState;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvLab;
import org.opendvx.rhv.sim.Fault;
import org.ovirt.engine.sdk4.types.HostStatus;

/** Into the engine and out of it, under every fault at every call. */
@Timeout(240)
class DomainRegistrarTest {
  private final DomainStore store = new DomainStore();

  @AfterEach
  void close() {
    store.close();
  }

  private static List<HostResult.Outcome> outcomes(List<HostResult> results) {
    return results.stream().map(HostResult::outcome).toList();
  }

  @Test
  void registersOnceAndTellsEachHost() {
    try (RhvLab lab = new RhvLab(store, "/rhv")) {
      Rhv rhv = lab.connect();
      assertEquals(
          List.of(HostResult.Outcome.DONE, HostResult.Outcome.DONE),
          outcomes(rhv.registerDatastore(lab.mount(), List.of())));
      String id = lab.sim().domain(RhvLab.DOMAIN);
      assertNotNull(store.find("/rhv/" + id + "/dom_md/ids"));
      lab.sim().host("host2", HostStatus.MAINTENANCE);
      assertEquals(
          List.of(HostResult.Outcome.ALREADY, HostResult.Outcome.FAILED),
          outcomes(rhv.registerDatastore(lab.mount(), List.of())));
      assertEquals(
          List.of(
              new HostState("host1", "192.0.2.1", true, true),
              new HostState("host2", "192.0.2.2", false, false)),
          rhv.hosts(RhvLab.DOMAIN));
      assertEquals(
          List.of(HostResult.Outcome.DONE, HostResult.Outcome.DONE),
          outcomes(rhv.unregisterDatastore(RhvLab.DOMAIN, List.of())));
      assertNull(lab.sim().domain(RhvLab.DOMAIN));
      assertNotNull(store.find("/rhv/" + id + "/dom_md/ids"), "the files stay");
      assertEquals(
          List.of(HostResult.Outcome.ALREADY, HostResult.Outcome.ALREADY),
          outcomes(rhv.unregisterDatastore(RhvLab.DOMAIN, List.of())));
      assertEquals(List.of(), lab.engine().violations());
      assertEquals(List.of(), lab.engine().takeRefused());
    }
  }

  @Test
  void aHostThatWouldNotReachUsStopsAllBeforeAnythingChanges() {
    try (RhvLab lab = new RhvLab(store, "/rhv")) {
      DatastoreMount mount =
          new DatastoreMount(
              RhvLab.DOMAIN,
              "dvx.local",
              "/rhv",
              address -> address.equals("192.0.2.2") ? "not in nfs.clients" : "",
              "");
      List<HostResult> results = lab.connect().registerDatastore(mount, List.of());
      assertEquals(
          List.of(HostResult.Outcome.REFUSED, HostResult.Outcome.REFUSED), outcomes(results));
      assertEquals("not in nfs.clients", results.getLast().reason());
      assertNull(lab.sim().domain(RhvLab.DOMAIN));
    }
  }

  @Test
  void anEngineThatIsStillAtSomethingIsWaitedFor() {
    try (RhvLab lab = new RhvLab(store, "/rhv")) {
      lab.registered();
      for (int i = 0; i < 12; i++) {
        lab.engine()
            .refuseNext(
                "deactivate",
                409,
                "[Cannot deactivate Storage while there are running tasks on this Storage Domain]");
      }
      assertEquals(
          List.of(HostResult.Outcome.DONE, HostResult.Outcome.DONE),
          outcomes(lab.connect().unregisterDatastore(RhvLab.DOMAIN, List.of())));
      assertNull(lab.sim().domain(RhvLab.DOMAIN));
    }
  }

  @Test
  void aRefusalThatStaysIsToldSoon() {
    try (RhvLab lab = new RhvLab(store, "/rhv")) {
      lab.registered();
      for (int i = 0; i < 12; i++) {
        lab.engine().refuseNext("deactivate", 409, "[Cannot deactivate the master Storage Domain]");
      }
      Rhv rhv = lab.connect();
      DvxException e =
          assertThrows(DvxException.class, () -> rhv.unregisterDatastore(RhvLab.DOMAIN, List.of()));
      assertTrue(e.report().cause().contains("master"), e.render());
    }
  }

  @Test
  void anotherDomainOfTheNameIsLeftAlone() {
    try (RhvLab lab = new RhvLab(store, "/rhv")) {
      lab.registered();
      DatastoreMount other = new DatastoreMount(RhvLab.DOMAIN, "elsewhere", "/x", _ -> "", "");
      DvxException e =
          assertThrows(DvxException.class, () -> lab.connect().registerDatastore(other, List.of()));
      assertEquals(Kind.EXISTS, e.kind());
    }
  }

  @Test
  void anEngineThatKnowsNothingTakesUpTheDomainAndItsMachines() {
    try (RhvLab lab = new RhvLab(store, "/rhv")) {
      String id = lab.registered();
      String web = lab.sim().machine("web", id, 1 << 20);
      Rhv rhv = lab.connect();
      rhv.session()
          .change(
              "ovf",
              s -> s.storageDomainsService().storageDomainService(id).updateOvfStore().send());
      lab.sim().disaster(id);
      assertEquals(List.of(), rhv.vms());
      DomainImport.Imported imported = rhv.importDatastore(store.datastore(), lab.mount());
      assertEquals(new DomainImport.Imported(id, List.of("web"), List.of()), imported);
      VmSummary found = rhv.vms().getFirst();
      assertEquals(web, found.ref().id());
      assertTrue(found.onDatastore());
      assertEquals(1, rhv.describe(found.ref()).disks().size());
      assertEquals(
          new DomainImport.Imported(id, List.of(), List.of()),
          rhv.importDatastore(store.datastore(), lab.mount()),
          "again changes nothing");
      assertEquals(List.of(), lab.engine().takeRefused());
    }
  }

  /** Registers and takes out again with one fault at one call. */
  private void faulty(int at, Fault fault, String folder) {
    try (RhvLab lab = new RhvLab(store, folder)) {
      Rhv rhv = lab.connect("admin@internal", "secret", Duration.ofSeconds(2));
      lab.engine().script(n -> n == at ? fault : Fault.NONE);
      untilDone(() -> rhv.registerDatastore(lab.mount(), List.of()));
      assertNotNull(lab.sim().domain(RhvLab.DOMAIN));
      Rhv calm = lab.connect();
      assertTrue(calm.hosts(RhvLab.DOMAIN).stream().allMatch(host -> host.mounted()));
      lab.engine().script(n -> n == at ? fault : Fault.NONE);
      untilDone(() -> rhv.unregisterDatastore(RhvLab.DOMAIN, List.of()));
      lab.engine().script(_ -> Fault.NONE);
      assertNull(lab.sim().domain(RhvLab.DOMAIN));
      assertEquals(List.of(), lab.engine().violations());
    }
  }

  /** A command that failed is given again: it must go on where it stopped. */
  private static void untilDone(Runnable command) {
    for (int attempt = 0; ; attempt++) {
      try {
        command.run();
        return;
      } catch (DvxException e) {
        if (attempt == 3 || !e.kind().isTransient()) {
          throw e;
        }
      }
    }
  }

  @Test
  void everyFaultAtEveryCallIsSurvived() throws Exception {
    int calls;
    try (RhvLab lab = new RhvLab(store, "/clean")) {
      Rhv rhv = lab.connect();
      lab.engine().script(_ -> Fault.NONE);
      rhv.registerDatastore(lab.mount(), List.of());
      calls = lab.engine().calls();
    }
    assertTrue(calls > 5);
    List<Future<?>> runs = new ArrayList<>();
    Semaphore few = new Semaphore(24);
    AtomicInteger number = new AtomicInteger();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Fault fault : Fault.values()) {
        for (int at = 0; fault != Fault.NONE && at < calls; at++) {
          int call = at;
          runs.add(
              threads.submit(
                  () -> {
                    few.acquireUninterruptibly();
                    try {
                      faulty(call, fault, "/run" + number.incrementAndGet());
                    } catch (RuntimeException | AssertionError e) {
                      throw new AssertionError(fault + " at call " + call, e);
                    } finally {
                      few.release();
                    }
                  }));
        }
      }
      for (Future<?> run : runs) {
        Objects.requireNonNull(run).get(200, TimeUnit.SECONDS);
      }
    }
  }
}
