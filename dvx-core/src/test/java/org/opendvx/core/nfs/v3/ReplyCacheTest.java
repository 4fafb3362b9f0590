package org.opendvx.core.nfs.v3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.RequestTag;

class ReplyCacheTest {
  private final AtomicLong clock = new AtomicLong();
  private final ReplyCache cache = new ReplyCache(10, Duration.ofSeconds(100), clock::get);

  @Test
  void aDuplicateSharesTheReplyUnderWay() {
    CompletableFuture<byte[]> first = new CompletableFuture<>();
    assertNull(cache.enter(tag(1), first));
    assertSame(first, cache.enter(tag(1), new CompletableFuture<>()));
    assertEquals(1, cache.hits());
  }

  @Test
  void oldRepliesAreForgotten() {
    var _ = cache.enter(tag(1), done());
    clock.addAndGet(Duration.ofSeconds(101).toNanos());
    assertNull(cache.enter(tag(1), done()));
  }

  @Test
  void theOldestRepliesMakeRoom() {
    for (int i = 0; i < 15; i++) {
      assertNull(cache.enter(tag(i), done()));
    }
    assertEquals(10, cache.size());
    assertNull(cache.enter(tag(4), done()), "forgotten");
    assertEquals(0, cache.hits());
    var _ = cache.enter(tag(14), done());
    assertEquals(1, cache.hits());
  }

  @Test
  void callsUnderWayAreNeverForgotten() {
    CompletableFuture<byte[]> slow = new CompletableFuture<>();
    var _ = cache.enter(tag(0), slow);
    for (int i = 1; i < 30; i++) {
      var _ = cache.enter(tag(i), done());
    }
    clock.addAndGet(Duration.ofHours(1).toNanos());
    assertSame(slow, cache.enter(tag(0), done()));
  }

  private static RequestTag tag(long number) {
    return new RequestTag(number, -number);
  }

  private static CompletableFuture<byte[]> done() {
    return CompletableFuture.completedFuture(new byte[4]);
  }
}
