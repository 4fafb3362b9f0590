package org.opendvx.core.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opendvx.core.cluster.Cluster.block;
import static org.opendvx.core.cluster.Cluster.file;
import static org.opendvx.core.cluster.Cluster.outcome;
import static org.opendvx.core.cluster.Cluster.read;
import static org.opendvx.core.cluster.Cluster.write;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.datastore.RequestTag;

/** A change that its client has given up is not carried out after one that came later. */
final class LateChangesTest {
  private static final String A = "host-a";
  private static final String B = "host-b";
  private static final String C = "host-c";
  private static final AttributeChange EMPTIED =
      new AttributeChange(null, null, null, 0L, null, null);

  /** The first change that is forwarded, and what its sender waits for. */
  private record Kept(
      Supplier<CompletableFuture<byte[]>> delivery, CompletableFuture<byte[]> answer) {}

  private static AtomicReference<Kept> keepFirstChange(Cluster cluster) {
    AtomicReference<Kept> kept = new AtomicReference<>();
    cluster.network.keeper(
        (_, _, request, delivery, answer) ->
            request instanceof PeerCall.Change
                && kept.compareAndSet(null, new Kept(delivery, answer)));
    return kept;
  }

  private static Kept await(AtomicReference<Kept> kept) throws InterruptedException {
    assertTrue(ClusterHost.await(() -> kept.get() != null, Cluster.LIMIT));
    return Objects.requireNonNull(kept.get());
  }

  private static FileError refused(CompletableFuture<?> future) {
    return assertThrows(FileException.class, () -> outcome(future)).error();
  }

  /** What an owner answered. */
  private static FileError refusal(CompletableFuture<byte[]> reply) throws Exception {
    byte[] bytes = reply.get(1, TimeUnit.MINUTES);
    return assertThrows(FileException.class, () -> PeerReply.body(bytes)).error();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aWriteThatArrivesLateIsNotCarriedOutAfterANewerOne(boolean brokenOff) throws Exception {
    try (Cluster cluster = new Cluster(21)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      cluster.host(A).moveHere(List.of(file));
      write(cluster.at(B), file, 0, block(1));
      AtomicReference<Kept> first = keepFirstChange(cluster);
      CompletableFuture<?> late =
          cluster.at(B).write(Caller.SYSTEM, file, 0, ByteBuffer.wrap(block(2)), true);
      Kept kept = await(first);
      if (brokenOff) {
        kept.answer().completeExceptionally(new IllegalStateException("broken off"));
      }
      assertEquals(FileError.BUSY, refused(late));
      write(cluster.at(B), file, 0, block(3));
      assertEquals(FileError.BUSY, refusal(kept.delivery().get()));
      assertArrayEquals(block(3), read(cluster.at(B), file, 0, 4096));
      write(cluster.at(B), file, 0, block(4));
      assertArrayEquals(block(4), read(cluster.at(A), file, 0, 4096));
    }
  }

  @Test
  void aNamesChangeThatArrivesLateIsNotCarriedOut() throws Exception {
    try (Cluster cluster = new Cluster(22)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      String other = cluster.serverOf(ClusterHost.NAMESPACE).equals(A) ? B : A;
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      AtomicReference<Kept> first = keepFirstChange(cluster);
      CompletableFuture<?> late =
          cluster.at(other).remove(Caller.SYSTEM, FileKey.ROOT, Cluster.bytes("disk"));
      Kept kept = await(first);
      assertEquals(FileError.BUSY, refused(late));
      assertEquals(FileError.BUSY, refusal(kept.delivery().get()));
      assertEquals(file, Cluster.lookup(cluster.at(B), FileKey.ROOT, "disk"));
    }
  }

  @Test
  void aChangeThatWasCarriedOutIsNotRepeatedWhereTheFileHasMoved() throws Exception {
    try (Cluster cluster = new Cluster(23)) {
      cluster.start(A);
      cluster.start(B);
      cluster.start(C);
      cluster.awaitServing(A, B, C);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      cluster.host(A).moveHere(List.of(file));
      write(cluster.at(A), file, 0, block(1));
      AtomicReference<Kept> first = keepFirstChange(cluster);
      Caller caller = Caller.SYSTEM.with(new RequestTag(7, 8));
      CompletableFuture<?> emptied = cluster.at(B).setAttributes(caller, file, EMPTIED, null);
      Kept kept = await(first);
      Object _ = PeerReply.body(kept.delivery().get().get(1, TimeUnit.MINUTES));
      cluster.host(C).moveHere(List.of(file));
      write(cluster.at(C), file, 0, block(2));
      // The reply is lost: the same request goes to the file's new owner, who knows nothing of it.
      kept.answer().completeExceptionally(new IllegalStateException("broken off"));
      try {
        Object _ = outcome(emptied);
      } catch (FileException e) {
        assertEquals(FileError.BUSY, e.error());
      }
      assertArrayEquals(block(2), read(cluster.at(A), file, 0, 4096));
    }
  }

  @Test
  void aRequestThatCameTwiceIsAppliedOnce() throws Exception {
    try (Cluster cluster = new Cluster(24)) {
      cluster.start(A);
      cluster.start(B);
      cluster.awaitServing(A, B);
      FileKey file = file(cluster.at(A), FileKey.ROOT, "disk");
      cluster.host(A).moveHere(List.of(file));
      write(cluster.at(A), file, 0, block(1));
      AtomicReference<Kept> first = keepFirstChange(cluster);
      Caller caller = Caller.SYSTEM.with(new RequestTag(9, 9));
      CompletableFuture<?> emptied = cluster.at(B).setAttributes(caller, file, EMPTIED, null);
      Kept kept = await(first);
      kept.answer().completeExceptionally(new IllegalStateException("broken off"));
      Object _ = outcome(emptied);
      write(cluster.at(B), file, 0, block(2));
      Object _ = kept.delivery().get().get(1, TimeUnit.MINUTES);
      assertArrayEquals(block(2), read(cluster.at(A), file, 0, 4096));
      assertFalse(emptied.isCompletedExceptionally());
    }
  }
}
