package org.opendvx.coordinator.protocol;

import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What an agent sends. Values beyond the limits are refused when they are read. */
public sealed interface FromAgent extends Message {

  /** Asks for an identity. */
  record Enroll(String token, String csr, Machine machine) implements FromAgent {
    /** Checks the limits. */
    public Enroll(@Nullable String token, @Nullable String csr, @Nullable Machine machine) {
      this.token = Limits.text(token, "token", 256);
      this.csr = Limits.required(csr, "csr", 16_384);
      this.machine = required(machine);
    }

    /** Without the token, which is a secret. */
    @Override
    public String toString() {
      return "Enroll[" + machine + "]";
    }
  }

  /** The first message of a connection with a certificate. */
  record Hello(
      String agent, Machine machine, List<String> capabilities, boolean busy, String lastSession)
      implements FromAgent {
    /** Checks the limits. */
    public Hello(
        @Nullable String agent,
        @Nullable Machine machine,
        @Nullable List<String> capabilities,
        boolean busy,
        @Nullable String lastSession) {
      this.agent = Limits.name(agent, "agent", 128);
      this.machine = required(machine);
      this.capabilities =
          Limits.list(capabilities, "capabilities", 32).stream()
              .map(each -> Limits.name(each, "capabilities", 64))
              .toList();
      this.busy = busy;
      this.lastSession = Limits.uuidOrEmpty(lastSession, "lastSession");
    }
  }

  /** The nonce that it read, empty when it could not. */
  record Proof(String nonce) implements FromAgent {
    /** Checks the limits. */
    public Proof(@Nullable String nonce) {
      this.nonce = Limits.text(nonce, "nonce", 256);
    }
  }

  /** Asks for a certificate of a new key. */
  record Renew(String csr) implements FromAgent {
    /** Checks the limits. */
    public Renew(@Nullable String csr) {
      this.csr = Limits.required(csr, "csr", 16_384);
    }
  }

  /** Nothing is held yet. */
  record Prepared(UUID session, List<String> volumes, List<Skipped> skipped, List<Writer> writers)
      implements FromAgent {
    /** Checks the limits. */
    public Prepared(
        @Nullable UUID session,
        @Nullable List<String> volumes,
        @Nullable List<Skipped> skipped,
        @Nullable List<Writer> writers) {
      this.session = Limits.session(session);
      this.volumes =
          Limits.list(volumes, "volumes", Frame.MAX_ARRAY).stream()
              .map(volume -> Limits.line(volume, "volumes", 512))
              .toList();
      this.skipped = Limits.list(skipped, "skipped", Frame.MAX_ARRAY);
      this.writers = Limits.list(writers, "writers", Frame.MAX_ARRAY);
    }
  }

  /** Writes are held as of now. */
  record Frozen(UUID session, long writersFrozen) implements FromAgent {
    /** Checks the limits. */
    public Frozen(@Nullable UUID session, long writersFrozen) {
      this.session = Limits.session(session);
      this.writersFrozen = Limits.millis(writersFrozen, "writersFrozen");
    }
  }

  /** Writes are released. */
  record Thawed(UUID session, boolean held, String released, long writersFrozen, long writesHeld)
      implements FromAgent {
    /** What {@code released} says when all went well. */
    public static final String COMMITTED = "COMMITTED";

    /** Checks the limits. */
    public Thawed(
        @Nullable UUID session,
        boolean held,
        @Nullable String released,
        long writersFrozen,
        long writesHeld) {
      this.session = Limits.session(session);
      this.held = held;
      this.released = Limits.line(released, "released", 32);
      this.writersFrozen = Limits.millis(writersFrozen, "writersFrozen");
      this.writesHeld = Limits.millis(writesHeld, "writesHeld");
    }
  }

  /** A part of the writers' documents. */
  record Document(UUID session, int part, boolean last, String data) implements FromAgent {
    /** Checks the limits. */
    public Document(@Nullable UUID session, int part, boolean last, @Nullable String data) {
      this.session = Limits.session(session);
      this.part = part;
      this.last = last;
      this.data = Limits.text(data, "data", Frame.MAX_DOCUMENT_PART);
    }
  }

  /** The end of a freeze. */
  record Report(
      UUID session,
      String outcome,
      String reached,
      String reason,
      long writersFrozen,
      long writesHeld,
      List<Writer> writers,
      List<Hook> hooks,
      long documentBytes,
      String documentSha256)
      implements FromAgent {
    private static final Set<String> REACHED = Set.of("APPLICATION", "FILE_SYSTEM", "CRASH");

    /** Checks the limits. */
    public Report(
        @Nullable UUID session,
        @Nullable String outcome,
        @Nullable String reached,
        @Nullable String reason,
        long writersFrozen,
        long writesHeld,
        @Nullable List<Writer> writers,
        @Nullable List<Hook> hooks,
        long documentBytes,
        @Nullable String documentSha256) {
      this.session = Limits.session(session);
      this.outcome = Limits.required(outcome, "outcome", 32);
      this.reached = Limits.required(reached, "reached", 32);
      if (!REACHED.contains(this.reached)) {
        throw Limits.bad("reached is none of " + REACHED);
      }
      this.reason = Limits.line(reason, "reason", 4_096);
      this.writersFrozen = Limits.millis(writersFrozen, "writersFrozen");
      this.writesHeld = Limits.millis(writesHeld, "writesHeld");
      this.writers = Limits.list(writers, "writers", Frame.MAX_ARRAY);
      this.hooks = Limits.list(hooks, "hooks", 64);
      this.documentBytes = documentBytes;
      this.documentSha256 = Limits.text(documentSha256, "documentSha256", 64);
    }

    /** Whether the guest says that all went well. */
    public boolean success() {
      return outcome.equals("SUCCESS");
    }
  }

  /** What was still going on when the connection began is over. */
  record Idle(String lastSession) implements FromAgent {
    /** Checks the limits. */
    public Idle(@Nullable String lastSession) {
      this.lastSession = Limits.uuidOrEmpty(lastSession, "lastSession");
    }
  }

  /** The guest's operating system shuts down to power the machine off. */
  record Shutdown() implements FromAgent {}

  /** It cannot; nothing is held. */
  record Failed(@Nullable UUID session, String stage, String code, String message, String hresult)
      implements FromAgent {
    /** Checks the limits. */
    public Failed(
        @Nullable UUID session,
        @Nullable String stage,
        @Nullable String code,
        @Nullable String message,
        @Nullable String hresult) {
      this.session = session;
      this.stage = Limits.line(stage, "stage", 32);
      this.code = Limits.line(code, "code", 32);
      this.message = Limits.line(message, "message", 4_096);
      this.hresult = Limits.line(hresult, "hresult", 32);
    }
  }

  private static Machine required(@Nullable Machine machine) {
    if (machine == null) {
      throw Limits.bad("machine is missing");
    }
    return machine;
  }
}
