package org.opendvx.core.cluster;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;

/** Answers the calls of other hosts. Thread-safe; never blocks its caller. */
final class PeerService implements PeerNetwork.Handler {
  private final Membership membership;
  private final Roots roots;
  private final HandOver handOver;
  private final NamespaceRunner runner;
  private final LeaseClock clock;

  PeerService(
      Membership membership,
      Roots roots,
      HandOver handOver,
      NamespaceRunner runner,
      LeaseClock clock) {
    this.clock = clock;
    this.membership = membership;
    this.roots = roots;
    this.handOver = handOver;
    this.runner = runner;
  }

  @Override
  public CompletableFuture<byte[]> call(String from, byte[] request) {
    PeerCall.Sent sent;
    try {
      sent = PeerCall.decode(request);
    } catch (DvxException e) {
      return CompletableFuture.completedFuture(PeerReply.failure(e));
    }
    Lease lease = membership.leases().get(from);
    if (lease == null || !lease.livesIn(sent.life())) {
      // Late calls of a life that is over must not be carried out; a new one is known in a moment.
      return CompletableFuture.completedFuture(
          PeerReply.failure(RouteException.notRun("no such life of " + from + " is known")));
    }
    PeerCall call = sent.call();
    if (call instanceof PeerCall.Clock) {
      long life = membership.life();
      long now = clock.nanos();
      return CompletableFuture.completedFuture(PeerReply.ok(out -> out.putLong(life).putLong(now)));
    }
    ServedRoot root = roots.local(call.root());
    CompletableFuture<byte[]> answer =
        root == null
            ? CompletableFuture.failedFuture(RouteException.notRun("not served here"))
            : answer(root, call);
    return answer.exceptionally(failure -> PeerReply.failure(ServedRoot.cause(failure)));
  }

  private CompletableFuture<byte[]> answer(ServedRoot root, PeerCall call) {
    return switch (call) {
      case PeerCall.Run(String _, FileOp<?> op) -> run(root, op, null);
      case PeerCall.Change change -> change(root, change);
      case PeerCall.Clock() -> throw new IllegalArgumentException("answered before");
      case PeerCall.Stop stop ->
          Tasks.start(
              () -> {
                Owner intent = new Owner(stop.root(), stop.epoch(), stop.heir());
                byte[] parcel = handOver.give(root, stop.file(), intent, stop.forUse());
                return PeerReply.ok(out -> out.putBytes(parcel));
              });
      case PeerCall.Given(String _, long file) -> quietly(() -> handOver.resolve(file));
      case PeerCall.Freeze(String _, long cut, List<Long> files) ->
          quietly(() -> root.freeze(cut, files));
      case PeerCall.Release(String _, long cut) -> quietly(() -> root.release(cut));
      case PeerCall.Settle(String _, long cut) ->
          Tasks.start(
              () -> {
                List<byte[]> parcels = root.settle(cut);
                return PeerReply.ok(out -> out.putList(parcels, Wire.Out::putBytes));
              });
      case PeerCall.Drop(String _, long cut) -> quietly(() -> root.drop(cut));
      case PeerCall.Take(String _, List<Long> files) ->
          quietly(() -> handOver.takeAll(files, root));
    };
  }

  private CompletableFuture<byte[]> change(ServedRoot root, PeerCall.Change change) {
    if (change.life() != membership.life() || change.life() != root.life()) {
      return CompletableFuture.failedFuture(
          RouteException.notRun("it was meant for another life of this host"));
    }
    return run(root, change.op(), () -> clock.nanos() >= change.notAfter());
  }

  private <R> CompletableFuture<byte[]> run(
      ServedRoot root, FileOp<R> op, @Nullable BooleanSupplier over) {
    return runner
        .run(root, op, over)
        .thenApply(result -> PeerReply.ok(out -> op.encodeResult(result, out)));
  }

  private static CompletableFuture<byte[]> quietly(Runnable work) {
    return Tasks.start(
        () -> {
          work.run();
          return PeerReply.ok(_ -> {});
        });
  }
}
