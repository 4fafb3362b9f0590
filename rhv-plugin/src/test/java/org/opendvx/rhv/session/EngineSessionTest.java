package org.opendvx.rhv.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.sim.EngineCa;
import org.opendvx.rhv.sim.Fault;
import org.opendvx.rhv.sim.SimEngine;
import org.ovirt.engine.sdk4.services.SystemService;

/** A session with the simulated engine: trust, time limits, tokens, typed errors. */
@Timeout(120)
class EngineSessionTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir private Path folder;
  private final DomainStore store = new DomainStore();
  private final SimEngine engine = new SimEngine(store, "/rhv");
  private final List<EngineSession> sessions = new ArrayList<>();
  private final AtomicReference<String> password = new AtomicReference<>("secret");

  @BeforeEach
  void host() {
    engine.lab().host("host1", "192.0.2.1");
  }

  @AfterEach
  void close() {
    sessions.forEach(EngineSession::close);
    engine.close();
    store.close();
  }

  private EngineSession session(TlsTrust trust, Duration limit, URI url) {
    EngineSession session =
        new EngineSession(
            url, new EngineCredentials("admin@internal", password::get), trust, limit);
    sessions.add(session);
    return session;
  }

  private EngineSession session(Duration limit) {
    return session(new TlsTrust.Authority(engine.ca().writePem(folder)), limit, engine.url());
  }

  private static int hosts(SystemService system) {
    return system.hostsService().list().send().hosts().size();
  }

  private static Kind kindOf(org.junit.jupiter.api.function.Executable call) {
    return assertThrows(DvxException.class, call).kind();
  }

  @Test
  void logsInOnceForManyCalls() {
    EngineSession session = session(LIMIT);
    for (int i = 0; i < 20; i++) {
      assertEquals(1, session.read("x", EngineSessionTest::hosts));
    }
    assertEquals(1, engine.logins());
  }

  @Test
  void aPinnedCertificateIsEnoughAndAnotherOneIsRefused() {
    EngineSession pinned =
        session(new TlsTrust.Pinned(engine.ca().fingerprint()), LIMIT, engine.url());
    assertEquals(1, pinned.read("x", EngineSessionTest::hosts));
    EngineSession wrong = session(new TlsTrust.Pinned("00".repeat(32)), LIMIT, engine.url());
    assertEquals(Kind.INVALID, kindOf(() -> wrong.read("x", EngineSessionTest::hosts)));
  }

  @Test
  void aStrangeAuthorityAndAStrangeNameAreRefused() throws Exception {
    Path other = java.nio.file.Files.createDirectory(folder.resolve("other"));
    TlsTrust stranger = new TlsTrust.Authority(new EngineCa("localhost").writePem(other));
    EngineSession authority = session(stranger, LIMIT, engine.url());
    assertEquals(Kind.INVALID, kindOf(() -> authority.read("x", EngineSessionTest::hosts)));
    URI address = URI.create(engine.url().toString().replace("localhost", "127.0.0.1"));
    EngineSession name =
        session(new TlsTrust.Authority(engine.ca().writePem(folder)), LIMIT, address);
    assertEquals(Kind.INVALID, kindOf(() -> name.read("x", EngineSessionTest::hosts)));
  }

  @Test
  void aWrongPasswordIsToldAndANewOneIsTakenUp() {
    password.set("wrong");
    EngineSession session = session(LIMIT);
    DvxException e =
        assertThrows(DvxException.class, () -> session.read("No hosts", EngineSessionTest::hosts));
    assertEquals(Kind.UNAUTHENTICATED, e.kind());
    assertFalse(e.render().contains("wrong"), e.render());
    password.set("secret");
    assertEquals(1, session.read("x", EngineSessionTest::hosts));
  }

  @Test
  void anEngineThatHangsIsLeftAtTheLimitAndNoThreadStays() {
    EngineSession session = session(Duration.ofMillis(500));
    assertEquals(1, session.read("x", EngineSessionTest::hosts));
    engine.script(_ -> Fault.HANG);
    long start = System.nanoTime();
    assertEquals(Kind.TIMEOUT, kindOf(() -> session.read("x", EngineSessionTest::hosts)));
    assertEquals(Kind.TIMEOUT, kindOf(() -> session.change("x", EngineSessionTest::hosts)));
    assertEquals(
        Kind.TIMEOUT,
        kindOf(() -> session.once("x", Duration.ofMillis(300), EngineSessionTest::hosts)));
    assertTrue(System.nanoTime() - start < LIMIT.toNanos());
    engine.script(_ -> Fault.NONE);
    assertEquals(1, session.once("x", LIMIT, EngineSessionTest::hosts));
  }

  @Test
  void anExpiredTokenIsRenewedWithinTheCallAlsoOftenAndFromManyThreads() throws Exception {
    EngineSession session = session(LIMIT);
    engine.script(n -> n % 5 == 0 ? Fault.EXPIRE : Fault.NONE);
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
    for (int i = 0; i < 4; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    for (int j = 0; j < 10; j++) {
                      try {
                        session.read("x", EngineSessionTest::hosts);
                      } catch (DvxException e) {
                        // Others' calls revoke the token again between renewal and use.
                        if (e.kind() != Kind.UNAUTHENTICATED) {
                          failures.add(e);
                        }
                      }
                    }
                  }));
    }
    for (Thread thread : threads) {
      assertTrue(thread.join(Duration.ofSeconds(60)), "a thread hangs");
    }
    assertEquals(List.of(), failures);
    engine.script(_ -> Fault.NONE);
    assertEquals(1, session.read("x", EngineSessionTest::hosts));
  }

  @Test
  void readsGoOverDropsAndRestartsAndChangesDoNot() {
    EngineSession session = session(LIMIT);
    engine.script(n -> n == 0 ? Fault.DROP : Fault.NONE);
    assertEquals(1, session.read("x", EngineSessionTest::hosts));
    engine.script(n -> n == 0 ? Fault.RESTART : Fault.NONE);
    assertEquals(1, session.read("x", EngineSessionTest::hosts));
    engine.script(n -> n == 0 ? Fault.DROP_AFTER : Fault.NONE);
    DvxException e =
        assertThrows(DvxException.class, () -> session.change("x", EngineSessionTest::hosts));
    assertEquals(Kind.UNAVAILABLE, e.kind());
    assertTrue(e.render().contains("unknown"), e.render());
    assertEquals(1, engine.calls());
  }

  @Test
  void theEnginesWordsBecomeTypedErrors() {
    EngineSession session = session(LIMIT);
    assertEquals(
        Kind.NOT_FOUND,
        kindOf(() -> session.read("x", s -> s.vmsService().vmService("none").get().send())));
    engine.lab().machine("web", "none", 4096);
    engine.refuseNext("GET /hosts", 409, "[Cannot do it. Related operation is in progress.]");
    DvxException locked =
        assertThrows(DvxException.class, () -> session.read("No", EngineSessionTest::hosts));
    assertEquals(Kind.CONFLICT, locked.kind());
    assertTrue(String.valueOf(locked.getMessage()).contains("in progress"), locked.getMessage());
    engine.refuseNext("GET /hosts", 400, "[Guest agent non responsive]");
    assertEquals(Kind.INVALID, kindOf(() -> session.read("x", EngineSessionTest::hosts)));
    engine.refuseNext("GET /hosts", 403, "[User is not authorized to perform this action.]");
    assertEquals(Kind.DENIED, kindOf(() -> session.read("x", EngineSessionTest::hosts)));
    engine.takeRefused();
  }

  @Test
  void aLoginAnswerWithoutATypeIsAnErrorAndPasses() {
    EngineSession session = session(LIMIT);
    engine.typeless(true);
    DvxException e =
        assertThrows(DvxException.class, () -> session.read("No", EngineSessionTest::hosts));
    assertEquals(Kind.UNAVAILABLE, e.kind());
    assertTrue(String.valueOf(e.getMessage()).contains("content type"), e.getMessage());
    engine.typeless(false);
    assertEquals(1, session.read("x", EngineSessionTest::hosts));
  }

  @Test
  void closingGivesTheTokenBackAndNothingWorksAfterwards() {
    EngineSession session = session(LIMIT);
    assertEquals(1, session.read("x", EngineSessionTest::hosts));
    session.close();
    assertEquals(Kind.UNAVAILABLE, kindOf(() -> session.read("x", EngineSessionTest::hosts)));
    assertEquals(List.of(), engine.violations());
  }
}
