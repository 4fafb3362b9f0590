package org.opendvx.coordinator.session;

import io.netty.channel.Channel;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Machine;
import org.opendvx.core.vm.VmRef;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An agent that was let in, with the freeze that it is busy with. Thread-safe. */
final class AgentLink {
  private static final Logger LOG = LoggerFactory.getLogger(AgentLink.class);

  /**
   * How long an agent may need to clean up after an abort before it is asked again, if it does not
   * say that it is done.
   */
  private static final long CLEAN_UP_MILLIS = 60_000;

  private final Channel channel;
  private final UUID agent;
  private final VmRef vm;
  private final FromAgent.Hello hello;
  private final String proof;
  private final Instant since;
  private final Ticker ticker;
  private final AtomicReference<@Nullable FreezeSession> current = new AtomicReference<>();
  private final AtomicReference<@Nullable UUID> acknowledged = new AtomicReference<>();
  private volatile long endingSince;
  private volatile @Nullable UUID ending;
  private volatile boolean guestBusy;

  AgentLink(
      Channel channel,
      UUID agent,
      VmRef vm,
      FromAgent.Hello hello,
      String proof,
      Instant since,
      Ticker ticker) {
    this.channel = channel;
    this.agent = agent;
    this.vm = vm;
    this.hello = hello;
    this.proof = proof;
    this.since = since;
    this.ticker = ticker;
    this.guestBusy = hello.busy();
    this.endingSince = ticker.nanos();
  }

  UUID agent() {
    return agent;
  }

  VmRef vm() {
    return vm;
  }

  Machine machine() {
    return hello.machine();
  }

  String version() {
    return hello.agent();
  }

  /** {@code nonce} or {@code mac}. */
  String proof() {
    return proof;
  }

  Instant since() {
    return since;
  }

  List<String> capabilities() {
    return hello.capabilities();
  }

  boolean can(String capability) {
    return hello.capabilities().contains(capability);
  }

  /** Why it cannot start a freeze now, empty when it can. */
  String whyBusy() {
    if (current.get() != null) {
      return "its agent is busy with another freeze";
    }
    if ((ending != null || guestBusy) && ticker.millisSince(endingSince) < CLEAN_UP_MILLIS) {
      return "its agent still cleans up after a freeze before";
    }
    return "";
  }

  /** Starts a freeze; false when one is going on. */
  boolean begin(FreezeSession session) {
    if (!current.compareAndSet(null, session)) {
      return false;
    }
    if (!channel.isActive()) {
      session.lost("its agent is not connected any more");
    }
    return true;
  }

  /**
   * The coordinator is done with a freeze.
   *
   * @param reportMissing whether the guest still owes the end of it
   */
  void end(FreezeSession session, boolean reportMissing) {
    if (current.compareAndSet(session, null) && reportMissing) {
      endingSince = ticker.nanos();
      ending = session.id();
    }
  }

  void send(FromCoordinator message) {
    Object _ = channel.writeAndFlush(message);
  }

  /**
   * A message about a freeze; on the event loop.
   *
   * @return whether it was about the one that is going on
   */
  boolean receive(FromAgent message, UUID session) {
    FreezeSession now = current.get();
    if (now != null && now.id().equals(session)) {
      now.receive(message);
    } else {
      LOG.debug("{} says {} of a freeze that is over", vm, message.getClass().getSimpleName());
    }
    if (message instanceof FromAgent.Report || message instanceof FromAgent.Failed) {
      guestBusy = false;
      if (session.equals(ending)) {
        ending = null;
      }
    }
    boolean unwanted = now == null || !now.id().equals(session) || current.get() != now;
    if (message instanceof FromAgent.Report && unwanted) {
      // Whoever drove the freeze has turned away; the agent is free again only once it is told so.
      acknowledge(session);
    }
    return now != null && now.id().equals(session);
  }

  /** Tells the agent, once, that the report of a freeze was kept. */
  void acknowledge(UUID session) {
    if (!session.equals(acknowledged.getAndSet(session))) {
      send(new FromCoordinator.Reported(session));
    }
  }

  /** It says that nothing goes on any more of what did when it connected. */
  void idle() {
    guestBusy = false;
  }

  /** The connection is gone. */
  void lost() {
    FreezeSession now = current.get();
    if (now != null) {
      now.lost("the connection to its agent was lost");
    }
  }

  void close() {
    Object _ = channel.close();
  }
}
