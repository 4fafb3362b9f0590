package org.opendvx.coordinator.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.opendvx.coordinator.pki.EnrolmentToken;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Message;
import org.opendvx.coordinator.protocol.Writer;

/** What a guest does in one freeze: all of it right, unless a part is replaced. */
public class Script {
  /** The writers' documents that it sends. */
  public static final String DOCUMENT = "<writers/>";

  private static final List<Writer> GOOD =
      List.of(new Writer("SqlServerWriter", "id", "instance", Writer.STABLE, "0x00000000"));
  private volatile long heldSince;
  private volatile long heldMillis = -1;
  private boolean over;

  /** A script. */
  public Script() {}

  /** How long the guest held its writes, -1 when it never did. */
  public long heldMillis() {
    return heldMillis;
  }

  /** Whether it holds them now. */
  public boolean holding() {
    return heldSince != 0;
  }

  /** Lets writes go. */
  protected long release() {
    if (heldSince != 0) {
      heldMillis = (System.nanoTime() - heldSince) / 1_000_000;
      heldSince = 0;
    }
    return Math.max(0, heldMillis);
  }

  /** Runs until the report is acknowledged or the connection ends. */
  public final void run(FakeAgent agent) throws IOException {
    try {
      while (!over) {
        Message message = agent.next();
        switch (message) {
          case FromCoordinator.Prepare told -> prepare(agent, told);
          case FromCoordinator.Freeze told -> freeze(agent, told.session());
          case FromCoordinator.Committed told -> committed(agent, told.session());
          case FromCoordinator.Abort told -> abort(agent, told.session());
          case FromCoordinator.Reported _ -> {
            return;
          }
          default -> throw new AssertionError("unexpected " + message);
        }
      }
    } finally {
      release();
    }
  }

  /** It was its last word: {@link #run} ends with it. */
  protected final void over() {
    over = true;
  }

  /** Prepares. */
  protected void prepare(FakeAgent agent, FromCoordinator.Prepare told) throws IOException {
    agent.send(new FromAgent.Prepared(told.session(), List.of("C:"), List.of(), GOOD));
  }

  /** Holds writes. */
  protected void freeze(FakeAgent agent, UUID session) throws IOException {
    hold();
    agent.send(new FromAgent.Frozen(session, 3));
  }

  /** Begins to hold. */
  protected final void hold() {
    heldSince = System.nanoTime();
  }

  /** Releases, sends documents and report. */
  protected void committed(FakeAgent agent, UUID session) throws IOException {
    boolean held = holding();
    long millis = release();
    agent.send(
        new FromAgent.Thawed(session, held, held ? "COMMITTED" : "DEADMAN", millis + 5, millis));
    document(agent, session);
    report(agent, session, millis);
  }

  /** Sends the writers' documents. */
  protected void document(FakeAgent agent, UUID session) throws IOException {
    agent.send(
        new FromAgent.Document(
            session,
            0,
            true,
            Base64.getEncoder().encodeToString(DOCUMENT.getBytes(StandardCharsets.UTF_8))));
  }

  /** Sends the report. */
  protected void report(FakeAgent agent, UUID session, long millis) throws IOException {
    agent.send(report(session, "SUCCESS", "APPLICATION", millis, writers()));
  }

  /** The writers as the report tells them. */
  protected List<Writer> writers() {
    return GOOD;
  }

  /** A report. */
  protected static FromAgent.Report report(
      UUID session, String outcome, String reached, long millis, List<Writer> writers) {
    byte[] document = DOCUMENT.getBytes(StandardCharsets.UTF_8);
    return new FromAgent.Report(
        session,
        outcome,
        reached,
        outcome.equals("SUCCESS") ? "" : "the script says so",
        millis + 5,
        millis,
        writers,
        List.of(),
        document.length,
        EnrolmentToken.sha256(document));
  }

  /** Lets go because it is told to. */
  protected void abort(FakeAgent agent, UUID session) throws IOException {
    boolean held = holding();
    long millis = release();
    if (held) {
      agent.send(new FromAgent.Thawed(session, true, "ABORT", millis, millis));
    }
    agent.send(report(session, "FAILED", "CRASH", millis, List.of()));
  }
}
