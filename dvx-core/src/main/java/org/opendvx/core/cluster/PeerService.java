package org.opendvx.core.cluster;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.SpaceMaker.Outcome;
import org.opendvx.core.error.DvxException;

/** Answers the calls of other hosts. Thread-safe; never blocks its caller. */
final class PeerService implements PeerNetwork.Handler {
  private final Membership membership;
  private final Roots roots;
  private final HandOver handOver;
  private final NamespaceRunner runner;
  private final LeaseClock clock;
  private final CleaningPart cleaningPart;
  private final PoolCleaning cleaning;
  private final CallWindow window = new CallWindow();

  PeerService(
      Membership membership,
      Roots roots,
      HandOver handOver,
      NamespaceRunner runner,
      LeaseClock clock,
      CleaningPart cleaningPart,
      PoolCleaning cleaning) {
    this.cleaningPart = cleaningPart;
    this.cleaning = cleaning;
    this.clock = clock;
    this.membership = membership;
    this.roots = roots;
    this.handOver = handOver;
    this.runner = runner;
  }

  @Override
  public CompletableFuture<byte[]> call(String from, byte[] request) {
    return call(from, request, () -> false);
  }

  @Override
  public CompletableFuture<byte[]> call(String from, byte[] request, BooleanSupplier gone) {
    PeerCall.Sent sent;
    try {
      sent = PeerCall.decode(request);
    } catch (DvxException e) {
      return CompletableFuture.completedFuture(PeerReply.failure(e));
    }
    if (!lives(from, sent.life())) {
      // Late calls of a life that is over must not be carried out; a new one is known in a moment.
      return CompletableFuture.completedFuture(
          PeerReply.failure(RouteException.notRun("no such life of " + from + " is known")));
    }
    PeerCall call = sent.call();
    FileOp<?> op = call.operation();
    if (op == null) {
      return answer(call, gone);
    }
    BooleanSupplier dropped = () -> gone.getAsBoolean() || !lives(from, sent.life());
    long bytes = request.length + op.asks();
    if (!window.enter(from, bytes)) {
      return CompletableFuture.completedFuture(
          PeerReply.failure(
              RouteException.notRun("too many operations of " + from + " are under way")));
    }
    return answer(call, dropped).whenComplete((_, _) -> window.leave(from, bytes));
  }

  private boolean lives(String host, long life) {
    Lease lease = membership.leases().get(host);
    return lease != null && lease.livesIn(life);
  }

  /**
   * Answers a call.
   *
   * @param dropped tells whether nobody waits for it any more
   */
  private CompletableFuture<byte[]> answer(PeerCall call, BooleanSupplier dropped) {
    if (call instanceof PeerCall.Clock) {
      long life = membership.life();
      long now = clock.nanos();
      return CompletableFuture.completedFuture(PeerReply.ok(out -> out.putLong(life).putLong(now)));
    }
    ServedRoot root = roots.local(call.root());
    CompletableFuture<byte[]> answer =
        root == null
            ? CompletableFuture.failedFuture(RouteException.notRun("not served here"))
            : begin(root, call, dropped);
    return answer.exceptionally(failure -> PeerReply.failure(ServedRoot.cause(failure)));
  }

  /** Whatever goes wrong at once is an answer too: who asked waits for one. */
  private CompletableFuture<byte[]> begin(ServedRoot root, PeerCall call, BooleanSupplier dropped) {
    try {
      return answer(root, call, dropped);
    } catch (RuntimeException | Error e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private CompletableFuture<byte[]> answer(
      ServedRoot root, PeerCall call, BooleanSupplier dropped) {
    return switch (call) {
      case PeerCall.Run(String _, FileOp<?> op) -> run(root, op, null);
      case PeerCall.Change change -> change(root, change, dropped);
      case PeerCall.Clock() -> throw new IllegalArgumentException("answered before");
      case PeerCall.Stop stop ->
          Tasks.start(
              () -> {
                Owner intent = new Owner(stop.root(), stop.epoch(), stop.heir());
                byte[] parcel = handOver.give(root, stop.file(), intent, stop.forUse());
                return PeerReply.ok(out -> out.putBytes(parcel));
              });
      case PeerCall.Preview(String _, long file, boolean forUse) ->
          Tasks.start(
              () -> {
                byte[] parcel = handOver.preview(root, file, forUse);
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
      case PeerCall.TakeUp(String _, long round, long limit) ->
          Tasks.start(
              () -> {
                long incarnation = cleaningPart.takeUp(root, round, Duration.ofMillis(limit));
                return PeerReply.ok(out -> out.putLong(incarnation));
              });
      case PeerCall.Checkpoint(String _, long round, long limit) ->
          Tasks.start(
              () ->
                  PeerReply.ok(
                      cleaningPart.checkpoint(root, round, Duration.ofMillis(limit))::encode));
      case PeerCall.Report(String _, long round) ->
          Tasks.start(() -> PeerReply.ok(cleaningPart.report(root, round)::encode));
      case PeerCall.LetGo(String _, long limit) ->
          Tasks.start(
              () -> {
                long incarnation = cleaningPart.letGo(root, Duration.ofMillis(limit));
                return PeerReply.ok(out -> out.putLong(incarnation));
              });
      case PeerCall.Keys(String _, boolean newContainers) ->
          Tasks.start(() -> PeerReply.ok(cleaningPart.followKeys(root, newContainers)::encode));
      case PeerCall.Room(String _, long bytes, long limit) ->
          Tasks.start(
              () -> {
                int outcome = PoolCleaning.code(makeRoom(bytes, limit));
                return PeerReply.ok(out -> out.put(outcome));
              });
    };
  }

  private Outcome makeRoom(long bytes, long limitNanos) {
    try {
      return cleaning
          .makeRoomHere(bytes, limitNanos)
          .orElseThrow(() -> RouteException.notRun("the pool is not cleaned here"));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      throw RouteException.unknown("interrupted");
    }
  }

  private CompletableFuture<byte[]> change(
      ServedRoot root, PeerCall.Change change, BooleanSupplier dropped) {
    if (change.life() != membership.life() || change.life() != root.life()) {
      return CompletableFuture.failedFuture(
          RouteException.notRun("it was meant for another life of this host"));
    }
    return run(
        root, change.op(), () -> clock.nanos() >= change.notAfter() || dropped.getAsBoolean());
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
