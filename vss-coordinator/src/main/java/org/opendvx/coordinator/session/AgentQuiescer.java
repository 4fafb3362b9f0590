package org.opendvx.coordinator.session;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.opendvx.coordinator.protocol.Disk;
import org.opendvx.coordinator.protocol.Frame;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.registry.Agent;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.AuditTrail;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.Quiescer;
import org.opendvx.core.vm.VmDescription;

/** Holds guests by their agents. Thread-safe. */
final class AgentQuiescer implements Quiescer {
  /** What a message's list may hold. */
  private static final int MAX_DISKS = 1_024;

  private final Context context;
  private final AuditTrail audit;

  AgentQuiescer(Context context, AuditTrail audit) {
    this.context = context;
    this.audit = audit;
  }

  @Override
  public String name() {
    return "dvx-agent";
  }

  @Override
  public boolean covers(VmDescription vm) {
    return context.registry().active(vm.ref()).isPresent();
  }

  @Override
  public Optional<String> notReady(VmDescription vm) {
    Optional<AgentLink> link = context.links().find(vm.ref());
    if (link.isEmpty()) {
      return Optional.of("its agent is not connected");
    }
    String busy = link.get().whyBusy();
    if (!busy.isEmpty()) {
      return Optional.of(busy);
    }
    Instant booted =
        context.registry().agent(link.get().agent()).map(Agent::booted).orElse(Instant.EPOCH);
    Duration up = Duration.between(booted, context.clock().instant());
    return up.isNegative() || up.compareTo(context.settings().settle()) >= 0
        ? Optional.empty()
        : Optional.of("the guest booted " + up.toSeconds() + " s ago and is not ready yet");
  }

  @Override
  public Optional<Shutdown> witnessedShutdown(Hypervisor hypervisor, VmDescription vm) {
    return context.shutdowns().witnessed(hypervisor, vm);
  }

  @Override
  public Held freeze(VmDescription vm, List<VmDescription.VmDisk> disks, Duration limit) {
    long start = context.ticker().nanos();
    Prepared prepared = prepare(vm, disks, limit);
    Duration left = limit.minusNanos(context.ticker().nanos() - start);
    if (left.isNegative() || left.isZero()) {
      prepared.close();
      throw failed(vm, "preparing took all of the time");
    }
    return prepared.freeze(left);
  }

  @Override
  public Prepared prepare(VmDescription vm, List<VmDescription.VmDisk> disks, Duration limit) {
    Optional<String> unready = notReady(vm);
    if (unready.isPresent()) {
      throw failed(vm, unready.get());
    }
    AgentLink link =
        context.links().find(vm.ref()).orElseThrow(() -> failed(vm, "its agent went away"));
    FreezeSession session = new FreezeSession(UUID.randomUUID());
    boolean application = link.can("APPLICATION");
    Freeze freeze = new Freeze(context, audit, link, session, application);
    freeze.begin();
    if (!link.begin(session)) {
      freeze.ended("REFUSED", "its agent is busy with another freeze");
      throw failed(vm, "its agent is busy with another freeze");
    }
    link.send(
        new FromCoordinator.Prepare(
            session.id(),
            limit.toMillis(),
            application ? "APPLICATION" : "FILE_SYSTEM",
            context.settings().full() ? "FULL" : "COPY",
            named(disks),
            Frame.MAX_HOLD_MILLIS,
            context.settings().hooks()));
    FromAgent.Prepared told = await(vm, freeze, session.prepared(), limit, "PREPARE");
    freeze.prepared(told);
    return new PreparedGuest(vm, freeze);
  }

  /**
   * The disks as the guest knows them; none when one is not known: then the agent freezes all
   * volumes.
   */
  private static List<Disk> named(List<VmDescription.VmDisk> disks) {
    List<Disk> named = new ArrayList<>();
    for (VmDescription.VmDisk disk : disks) {
      if (disk.serial().isEmpty() && disk.scsi().isEmpty()) {
        return List.of();
      }
      named.add(new Disk(named.size(), disk.serial(), disk.scsi()));
    }
    return named.size() > MAX_DISKS ? List.of() : named;
  }

  /** Waits for the guest's next word; on any other end the guest is told to let go. */
  private <T> T await(
      VmDescription vm, Freeze freeze, CompletableFuture<T> word, Duration limit, String stage) {
    try {
      return word.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      String why = FreezeSession.why(e);
      freeze.giveUp(stage, why);
      throw failed(vm, why);
    } catch (TimeoutException e) {
      String why = "no answer in " + limit.toMillis() + " ms at " + stage;
      freeze.giveUp(stage, why);
      throw DvxException.of(Kind.TIMEOUT, "The guest of " + vm.name() + " was not frozen")
          .cause(why)
          .remedy("See the guest's own log: an application may be slow or hang")
          .detail("vm", vm.ref())
          .build();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      freeze.giveUp(stage, "the node is stopping");
      throw failed(vm, "the node is stopping");
    }
  }

  private static DvxException failed(VmDescription vm, String why) {
    return DvxException.of(Kind.UNAVAILABLE, "The guest of " + vm.name() + " was not frozen")
        .cause(why)
        .remedy("See dvx agent list and the guest's own log")
        .detail("vm", vm.ref())
        .build();
  }

  private final class PreparedGuest implements Prepared {
    private final VmDescription vm;
    private final Freeze freeze;

    PreparedGuest(VmDescription vm, Freeze freeze) {
      this.vm = vm;
      this.freeze = freeze;
    }

    @Override
    public Held freeze(Duration limit) {
      freeze.link().send(new FromCoordinator.Freeze(freeze.session().id(), limit.toMillis()));
      FromAgent.Frozen told =
          AgentQuiescer.this.await(vm, freeze, freeze.session().frozen(), limit, "FREEZE");
      freeze.frozen(told);
      return new HeldGuest(freeze);
    }

    @Override
    public void close() {
      freeze.giveUp("PREPARE", "the freeze was given up");
    }
  }

  private record HeldGuest(Freeze freeze) implements Held {
    @Override
    public Outcome thaw() {
      return freeze.thaw();
    }

    @Override
    public void abort(String reason) {
      freeze.giveUp("CUT", reason);
    }

    @Override
    public void close() {
      freeze.giveUp("CUT", "there is no cut");
    }
  }
}
