package org.opendvx.core.journal;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.codec.RecordSealer;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.JournalStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Group commit over a {@link JournalStore}. Records get log sequence numbers (LSN, +1 each) in the
 * order of the calls to {@link #append}, wait in memory, and are written in batches by one thread:
 * at once when it is idle, all that came meanwhile when it was busy.
 *
 * <p>Thread-safe. First {@link #replay}, once; then everything else.
 *
 * <p><b>What an error means.</b> A batch that could not be written is kept and written again until
 * it is durable, so the durable journal is always a prefix of what was appended. Waiters do not
 * wait that long: after a limit they are told of a failure, and that means <i>unknown</i>, as for a
 * write over NFS that times out. The record stays where it is in the order: it is durable later if
 * the pool comes back, and gone if the process dies before. From the first failed attempt on, new
 * records are refused with the same error, so that memory does not run ahead of what can be kept;
 * when the pool is back, the journal goes on by itself. A journal without room ({@code NO_SPACE})
 * waits for {@link #trim} in the same way, but refuses new records only after its limit or when the
 * buffer is full. Being fenced ({@code CONFLICT}) is for good.
 */
public final class Journal implements AutoCloseable {
  /** Longest record in bytes, secret and tail together, the seal of the secret included. */
  public static final int MAX_RECORD = JournalFormat.MAX_RECORD;

  private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
  private static final int MAX_SPARE_BUFFERS = 4;

  private final JournalStore store;
  private final Epoch epoch;
  private final RecordSealer sealer;
  private final int incarnation;
  private final JournalSettings settings;
  private final List<LongConsumer> listeners = new CopyOnWriteArrayList<>();
  private final Completer completer = new Completer(listeners);
  private final Thread writer;
  private final Thread completion;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition room = lock.newCondition();
  private final AtomicBoolean writerIdle = new AtomicBoolean();

  // Guarded by the lock; volatile where it is also read without.
  private final Deque<Batch> closed = new ArrayDeque<>();
  private final Deque<byte[]> spareBuffers = new ArrayDeque<>();
  private @Nullable Batch current;
  private @Nullable Batch writing;
  private volatile long nextLsn;
  private volatile long durableLsn;
  private volatile long bufferedBytes;
  private volatile long storeUsed;
  private volatile @Nullable Trouble trouble;
  private boolean replayed;
  private boolean closing;
  private volatile boolean dead;

  /**
   * A journal over a store, which the caller closes after this.
   *
   * @param incarnation a durable number that is new at every open; half of the nonces
   */
  public Journal(
      JournalStore store,
      Epoch epoch,
      RecordSealer sealer,
      int incarnation,
      JournalSettings settings) {
    this.store = store;
    this.epoch = epoch;
    this.sealer = sealer;
    this.incarnation = incarnation;
    this.settings = settings;
    JournalWriter loop =
        new JournalWriter(this, store, epoch, incarnation, settings.retryInterval().toNanos());
    this.writer = Thread.ofPlatform().daemon().name("journal-write").unstarted(loop);
    this.completion = Thread.ofPlatform().daemon().name("journal-complete").unstarted(completer);
  }

  /**
   * Looks at the first bytes of a batch, without a journal.
   *
   * @throws DvxException UNSUPPORTED when a newer program wrote it
   */
  public static void checkFormat(byte[] head) {
    if (head.length >= JournalFormat.BATCH_HEADER) {
      JournalFormat.checkVersion(ByteBuffer.wrap(head));
    }
  }

  /**
   * Visits every record with an LSN of at least {@code from}, in order, then opens the journal for
   * appending. Exceptions of the visitor end the replay and leave the journal closed.
   *
   * @param from at least 1; the first record of all has LSN 1
   * @return LSN of the last record, {@code from - 1} when there is none
   * @throws DvxException CORRUPT when records are missing or damaged; nothing has been changed then
   */
  public long replay(long from, RecordVisitor visitor) {
    if (from < 1) {
      throw new IllegalArgumentException("LSNs start at 1: " + from);
    }
    lock.lock();
    try {
      if (replayed) {
        throw new IllegalStateException("a journal is replayed once");
      }
      replayed = true;
    } finally {
      lock.unlock();
    }
    long last = store.replay(from, new JournalReplay(sealer, visitor, from));
    lock.lock();
    try {
      nextLsn = Math.max(from, last + 1);
      durableLsn = nextLsn - 1;
      storeUsed = store.usedBytes();
    } finally {
      lock.unlock();
    }
    writer.start();
    completion.start();
    return durableLsn;
  }

  /**
   * Calls a listener, on the completion thread, whenever more has become durable. A listener sees
   * rising numbers.
   */
  public void onDurableAdvance(LongConsumer listener) {
    listeners.add(listener);
  }

  /**
   * Appends a record; never waits for the pool. The order of records is the order of these calls:
   * callers that need one hold their locks over the call.
   *
   * @param kind 1 to 255, stored in clear
   * @param secret what must not be readable on a drive; a heap buffer, consumed; may be empty
   * @param tail what is sealed already
   * @return the record's LSN
   * @throws DvxException while the journal is in trouble, or UNAVAILABLE when too much is waiting
   */
  public long append(int kind, ByteBuffer secret, RecordTail tail) {
    int secretLength = secret.remaining();
    int sealedLength = secretLength == 0 ? 0 : secretLength + RecordSealer.OVERHEAD;
    int tailLength = tail.length();
    long length = (long) sealedLength + tailLength;
    if (kind < 1 || kind > JournalFormat.MAX_KIND || length > MAX_RECORD) {
      throw new IllegalArgumentException("no record of kind " + kind + " and length " + length);
    }
    int frameLength = JournalFormat.FRAME_HEADER + (int) length;
    Batch batch;
    int at;
    long lsn;
    lock.lock();
    try {
      checkUsable(frameLength);
      batch = batchFor(frameLength);
      at = batch.reserve(frameLength);
      lsn = nextLsn;
      nextLsn = lsn + 1;
      addBuffered(frameLength);
    } finally {
      lock.unlock();
    }
    boolean done = false;
    try {
      byte[] bytes = batch.bytes();
      int payload = at + JournalFormat.FRAME_HEADER;
      // Only now: what has an LSN after keys were changed is sealed under the new one.
      int keyId = secretLength > 0 ? sealer.currentKeyId() : 0;
      if (secretLength > 0) {
        sealer.seal(
            keyId,
            incarnation,
            lsn,
            kind,
            secret.array(),
            secret.arrayOffset() + secret.position(),
            secretLength,
            bytes,
            payload);
        secret.position(secret.limit());
      }
      if (tailLength > 0) {
        ByteBuffer target = ByteBuffer.wrap(bytes, payload + sealedLength, tailLength);
        tail.write(target);
        if (target.hasRemaining()) {
          throw new IllegalStateException("a tail is shorter than it said");
        }
      }
      byte flags = sealedLength > 0 ? JournalFormat.SEALED : 0;
      JournalFormat.frameHeader(bytes, at, (int) length, sealedLength, kind, flags, keyId, lsn);
      done = true;
    } finally {
      if (!done) {
        JournalFormat.frameHeader(
            batch.bytes(), at, (int) length, 0, JournalFormat.VOID, (byte) 0, 0, lsn);
      }
      batch.filled(writer);
      wakeWriter();
    }
    return lsn;
  }

  /**
   * Asks to be told when everything up to a record is durable.
   *
   * @param lsn returned by {@link #append}
   */
  public void onDurable(long lsn, DurableCallback callback) {
    DvxException failure = null;
    if (lsn > durableLsn) {
      lock.lock();
      try {
        Trouble now = trouble;
        if (now != null && now.toldWaiters) {
          failure = now.failure;
        } else if (dead) {
          failure = notOpen();
        } else if (lsn > durableLsn) {
          batchOf(lsn).addWaiter(callback);
          return;
        }
      } finally {
        lock.unlock();
      }
    }
    callback.done(failure);
  }

  /** A future for {@link #onDurable}. */
  public CompletableFuture<@Nullable Void> durable(long lsn) {
    CompletableFuture<@Nullable Void> future = new CompletableFuture<>();
    onDurable(
        lsn,
        failure -> {
          if (failure == null) {
            future.complete(null);
          } else {
            future.completeExceptionally(failure);
          }
        });
    return future;
  }

  /** Everything up to this LSN is durable. */
  public long durableLsn() {
    return durableLsn;
  }

  /** The LSN given last. */
  public long lastLsn() {
    return nextLsn - 1;
  }

  /** Bytes of records that wait in memory. */
  public long bufferedBytes() {
    return bufferedBytes;
  }

  /** How full the journal is: 0 to 1, records in memory included. */
  public double usage() {
    return (double) (storeUsed + bufferedBytes) / store.capacityBytes();
  }

  /** Whether records of so many bytes may be appended without running over a limit. */
  public boolean hasRoom(long bytes) {
    return trouble == null && !dead && fits(bytes);
  }

  /** Whether records are refused at present, with an error and at once. */
  public boolean refusing() {
    Trouble now = trouble;
    return dead || (now != null && now.refusing);
  }

  /**
   * Waits until there is room.
   *
   * @return false when the limit passed first
   * @throws DvxException at once while the journal refuses records
   */
  public boolean awaitRoom(long bytes, long limitNanos) throws InterruptedException {
    long left = limitNanos;
    lock.lock();
    try {
      while (!hasRoom(bytes)) {
        Trouble now = trouble;
        if (now != null && now.refusing) {
          throw now.failure;
        }
        checkOpen();
        if (left <= 0) {
          return false;
        }
        left = room.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Gives up records below an LSN; what the store keeps in whole segments may stay longer. */
  public void trim(long lsn) {
    store.trim(epoch, lsn);
    long used = store.usedBytes();
    lock.lock();
    try {
      storeUsed = used;
      room.signalAll();
    } finally {
      lock.unlock();
    }
    LockSupport.unpark(writer);
  }

  /**
   * Takes no more records, writes what waits, and ends; records that cannot be written within the
   * limit are told as failed. The store stays open.
   */
  @Override
  public void close() {
    boolean started;
    lock.lock();
    try {
      if (closing) {
        return;
      }
      closing = true;
      started = writer.isAlive();
      room.signalAll();
    } finally {
      lock.unlock();
    }
    if (started) {
      LockSupport.unpark(writer);
      join(writer, settings.closeLimit().toMillis());
      kill();
      LockSupport.unpark(writer);
      failAllWaiters(
          DvxException.of(Kind.UNAVAILABLE, "The journal was closed before a record was durable")
              .build());
    }
    completer.end();
    if (started) {
      join(completion, settings.closeLimit().toMillis());
    }
  }

  /** The next batch to write; waits for one; null when the journal was closed and is empty. */
  @Nullable Batch nextBatch() {
    while (true) {
      lock.lock();
      try {
        Batch next = closed.pollFirst();
        if (next == null) {
          next = current;
          current = null;
        }
        writing = next;
        if (next != null || closing) {
          return next;
        }
        writerIdle.set(true);
      } finally {
        lock.unlock();
      }
      LockSupport.park(this);
    }
  }

  /** A batch is durable. Called by the writer. */
  void written(Batch batch, long usedBytes) {
    List<DurableCallback> waiters;
    lock.lock();
    try {
      if (trouble != null) {
        LOG.info("The journal is written again");
        trouble = null;
      }
      durableLsn = batch.lastLsn();
      storeUsed = usedBytes;
      addBuffered(-batch.length());
      writing = null;
      waiters = batch.takeWaiters();
      if (spareBuffers.size() < MAX_SPARE_BUFFERS) {
        spareBuffers.add(batch.bytes());
      }
      room.signalAll();
    } finally {
      lock.unlock();
    }
    completer.add(batch.lastLsn(), waiters, null);
  }

  /** An attempt to write failed. Called by the writer; says whether it shall try again. */
  boolean troubled(DvxException failure) {
    boolean fenced = failure.kind() == Kind.CONFLICT;
    boolean full = failure.kind() == Kind.NO_SPACE;
    long now = System.nanoTime();
    boolean tell;
    lock.lock();
    try {
      Trouble old = trouble;
      boolean first = old == null || old.failure.kind() != failure.kind();
      long since = first || old == null ? now : old.sinceNanos;
      long limit = (full ? settings.fullLimit() : settings.unavailableLimit()).toNanos();
      tell = fenced || now - since >= limit;
      trouble = new Trouble(failure, since, tell || !full, tell);
      if (first) {
        LOG.warn("The journal cannot be written: {}", failure.getMessage());
      }
      room.signalAll();
    } finally {
      lock.unlock();
    }
    if (tell) {
      failAllWaiters(failure);
    }
    if (fenced) {
      kill();
    }
    return !dead;
  }

  private void kill() {
    lock.lock();
    try {
      dead = true;
    } finally {
      lock.unlock();
    }
  }

  private void failAllWaiters(DvxException failure) {
    List<DurableCallback> waiters = new ArrayList<>();
    lock.lock();
    try {
      if (writing != null) {
        waiters.addAll(writing.takeWaiters());
      }
      closed.forEach(batch -> waiters.addAll(batch.takeWaiters()));
      if (current != null) {
        waiters.addAll(current.takeWaiters());
      }
    } finally {
      lock.unlock();
    }
    if (!waiters.isEmpty()) {
      completer.add(durableLsn, waiters, failure);
    }
  }

  private void checkUsable(int frameLength) {
    Trouble now = trouble;
    if (now != null && now.refusing) {
      throw now.failure;
    }
    checkOpen();
    if (bufferedBytes + frameLength > 2 * settings.bufferedBytes()) {
      throw DvxException.of(Kind.UNAVAILABLE, "The journal is too far behind")
          .cause("the pool takes records more slowly than they come")
          .detail("buffered bytes", bufferedBytes)
          .build();
    }
  }

  private void checkOpen() {
    if (closing || dead || nextLsn == 0) {
      throw notOpen();
    }
  }

  private static DvxException notOpen() {
    return DvxException.of(Kind.UNAVAILABLE, "The journal is not open").build();
  }

  /** Changes the volatile count; the lock is held. */
  private void addBuffered(long bytes) {
    long before = bufferedBytes;
    bufferedBytes = before + bytes;
  }

  private boolean fits(long bytes) {
    long capacity = store.capacityBytes();
    long slack = Math.min(JournalStore.MAX_BATCH, capacity / 8);
    long buffered = bufferedBytes + bytes;
    return buffered <= settings.bufferedBytes() && storeUsed + buffered + slack <= capacity;
  }

  private Batch batchFor(int frameLength) {
    Batch batch = current;
    if (batch != null && !batch.fits(frameLength)) {
      closed.add(batch);
      batch = null;
    }
    if (batch == null) {
      byte[] spare = spareBuffers.poll();
      batch = new Batch(spare != null ? spare : new byte[JournalFormat.BATCH_BYTES], nextLsn);
      current = batch;
    }
    return batch;
  }

  /** The batch that holds a record that is not durable yet. */
  private Batch batchOf(long lsn) {
    Batch last = current;
    if (last != null && lsn >= last.firstLsn() && lsn <= last.lastLsn()) {
      return last;
    }
    for (Batch batch : closed) {
      if (lsn >= batch.firstLsn() && lsn <= batch.lastLsn()) {
        return batch;
      }
    }
    Batch first = writing;
    if (first == null || lsn < first.firstLsn() || lsn > first.lastLsn()) {
      throw new IllegalArgumentException("no record has LSN " + lsn);
    }
    return first;
  }

  private void wakeWriter() {
    if (writerIdle.get() && writerIdle.compareAndSet(true, false)) {
      LockSupport.unpark(writer);
    }
  }

  private static void join(Thread thread, long millis) {
    try {
      thread.join(Math.max(1, millis));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Why batches cannot be written at present.
   *
   * @param refusing whether new records are turned away
   * @param toldWaiters whether those who wait, and who ask, are told
   */
  private record Trouble(
      DvxException failure, long sinceNanos, boolean refusing, boolean toldWaiters) {}
}
