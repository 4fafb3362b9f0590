package org.opendvx.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Writer;
import org.opendvx.coordinator.testing.FakeAgent;
import org.opendvx.coordinator.testing.Harness;
import org.opendvx.coordinator.testing.Script;
import org.opendvx.core.vm.Consistency;
import org.opendvx.core.vm.RestorePoint;

/** Whatever an agent does wrong in a freeze ends well. */
class FaultsTest extends FaultSuite {
  @Test
  void allRightIsApplicationWithTheDocumentsKept() throws Exception {
    try (Harness harness = harness(ample())) {
      Script script = new Script();
      RestorePoint point = fault("none", harness, script);
      assertEquals(Consistency.APPLICATION, point.consistency(), point.reason());
      assertEquals(
          Script.DOCUMENT,
          new String(harness.snapshots().document(point).writers(), StandardCharsets.UTF_8));
      assertTrue(script.heldMillis() >= 0);
      assertEquals(1, harness.meters().get("dvx.agent.writes.held").timer().count());
    }
  }

  @Test
  void connectionsThatBreakAndWordsThatAreWrong() throws Exception {
    try (Harness harness = harness(ample())) {
      crash(
          fault(
              "connection cut at prepare",
              harness,
              new Script() {
                @Override
                protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                    throws IOException {
                  agent.cut();
                }
              }));
      crash(
          fault(
              "connection cut at freeze, nothing held",
              harness,
              new Script() {
                @Override
                protected void freeze(FakeAgent agent, UUID session) throws IOException {
                  agent.cut();
                }
              }));
      crash(
          fault(
              "connection cut after the hold began",
              harness,
              new Script() {
                @Override
                protected void freeze(FakeAgent agent, UUID session) throws IOException {
                  hold();
                  agent.cut();
                }
              }));
      crash(
          fault(
              "connection cut at committed",
              harness,
              new Script() {
                @Override
                protected void committed(FakeAgent agent, UUID session) throws IOException {
                  agent.cut();
                }
              }));
      crash(
          fault(
              "connection cut after thawed",
              harness,
              new Script() {
                @Override
                protected void document(FakeAgent agent, UUID session) throws IOException {
                  agent.cut();
                }
              }));
      crash(
          fault(
              "wrong session in prepared, then failed",
              harness,
              new Script() {
                @Override
                protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                    throws IOException {
                  agent.send(
                      new FromAgent.Prepared(UUID.randomUUID(), List.of(), List.of(), List.of()));
                  agent.send(
                      new FromAgent.Failed(told.session(), "PREPARE", "PROTOCOL", "lost", ""));
                }
              }));
      crash(
          fault(
              "frozen before prepared",
              harness,
              new Script() {
                @Override
                protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                    throws IOException {
                  agent.send(new FromAgent.Frozen(told.session(), 1));
                }
              }));
      crash(
          fault(
              "malformed message while held",
              harness,
              new Script() {
                @Override
                protected void committed(FakeAgent agent, UUID session) throws IOException {
                  agent.raw("{".getBytes(StandardCharsets.UTF_8));
                  agent.cut();
                }
              }));
    }
  }

  @Test
  void agentsThatRefuse() throws Exception {
    try (Harness harness = harness(ample())) {
      for (String code : List.of("BUSY", "WRITER", "VETO", "TIMEOUT", "HOOK", "SYSTEM")) {
        crash(
            fault(
                "failed at prepare: " + code,
                harness,
                new Script() {
                  @Override
                  protected void prepare(FakeAgent agent, FromCoordinator.Prepare told)
                      throws IOException {
                    agent.send(
                        new FromAgent.Failed(told.session(), "PREPARE", code, "no", "0x80042306"));
                  }
                }));
      }
      crash(
          fault(
              "failed at freeze: writers time out",
              harness,
              new Script() {
                @Override
                protected void freeze(FakeAgent agent, UUID session) throws IOException {
                  agent.send(
                      new FromAgent.Failed(session, "FREEZE", "WRITER", "slow", "0x800423F2"));
                }
              }));
    }
  }

  @Test
  void guestsThatTellOfTroubleAfterTheCut() throws Exception {
    try (Harness harness = harness(ample())) {
      crash(
          fault(
              "the dead man's timer ended the hold before the cut was confirmed",
              harness,
              new Script() {
                @Override
                protected void freeze(FakeAgent agent, UUID session) throws IOException {
                  super.freeze(agent, session);
                  release();
                }
              }));
      RestorePoint writer =
          fault(
              "a writer failed",
              harness,
              new Script() {
                @Override
                protected List<Writer> writers() {
                  return List.of(new Writer("SqlServerWriter", "", "", 8, "0x800423f4"));
                }
              });
      assertEquals(Consistency.FILE_SYSTEM, writer.consistency());
      assertTrue(writer.reason().contains("SqlServerWriter"), writer.reason());
      RestorePoint failed =
          fault(
              "the report says FAILED",
              harness,
              new Script() {
                @Override
                protected void report(FakeAgent agent, UUID session, long millis)
                    throws IOException {
                  agent.send(report(session, "FAILED", "CRASH", millis, List.of()));
                }
              });
      crash(failed);
      RestorePoint missing =
          fault(
              "the writers' documents are missing",
              harness,
              new Script() {
                @Override
                protected void document(FakeAgent agent, UUID session) {}
              });
      assertEquals(Consistency.FILE_SYSTEM, missing.consistency());
      RestorePoint large =
          fault(
              "the writers' documents are too large",
              harness,
              new Script() {
                @Override
                protected void document(FakeAgent agent, UUID session) throws IOException {
                  String part = Base64.getEncoder().encodeToString(new byte[90_000]);
                  for (int i = 0; i < 190; i++) {
                    agent.send(new FromAgent.Document(session, i, i == 189, part));
                  }
                }
              });
      assertEquals(Consistency.FILE_SYSTEM, large.consistency());
      assertTrue(large.reason().contains("16 MiB"), large.reason());
      fault(
          "the document's parts come twice",
          harness,
          new Script() {
            @Override
            protected void document(FakeAgent agent, UUID session) throws IOException {
              super.document(agent, session);
              super.document(agent, session);
            }
          });
      RestorePoint twice =
          fault(
              "thawed is said twice",
              harness,
              new Script() {
                @Override
                protected void document(FakeAgent agent, UUID session) throws IOException {
                  agent.send(new FromAgent.Thawed(session, false, "DEADMAN", 9, 9));
                  super.document(agent, session);
                }
              });
      assertEquals(Consistency.APPLICATION, twice.consistency(), "the first word counts");
    }
  }

  /** Says nothing at a stage; lets go when it is told to. */
  private static final class Silent extends Script {
    private final String stage;

    Silent(String stage) {
      this.stage = stage;
    }

    @Override
    protected void prepare(FakeAgent agent, FromCoordinator.Prepare told) throws IOException {
      if (!stage.equals("prepare")) {
        super.prepare(agent, told);
      }
    }

    @Override
    protected void freeze(FakeAgent agent, UUID session) throws IOException {
      if (stage.equals("freeze")) {
        hold();
      } else {
        super.freeze(agent, session);
      }
    }

    @Override
    protected void committed(FakeAgent agent, UUID session) throws IOException {
      if (stage.equals("report")) {
        long millis = release();
        agent.send(new FromAgent.Thawed(session, true, "COMMITTED", millis, millis));
      } else if (!stage.equals("thaw")) {
        super.committed(agent, session);
      }
    }
  }

  @Test
  void silenceAtEachStageIsEndedByItsLimitAndTheGuestIsLetGo() throws Exception {
    try (Harness harness = harness(limits(SHORT, AMPLE, AMPLE, AMPLE))) {
      crash(fault("silence at prepare", harness, new Silent("prepare")));
    }
    try (Harness harness = harness(limits(AMPLE, SHORT, AMPLE, AMPLE))) {
      crash(fault("silence at freeze, writes held", harness, new Silent("freeze")));
    }
    try (Harness harness = harness(limits(AMPLE, AMPLE, SHORT, AMPLE))) {
      crash(fault("silence after committed", harness, new Silent("thaw")));
    }
    try (Harness harness = harness(limits(AMPLE, AMPLE, AMPLE, SHORT))) {
      crash(fault("silence after thawed", harness, new Silent("report")));
    }
  }
}
