package org.opendvx.core.pool;

import java.util.UUID;

/**
 * A durable store of containers, journals and records that survives the loss of any two drives.
 *
 * <p>Thread-safe. Failures are {@link org.opendvx.core.error.DvxException}: {@code UNAVAILABLE}
 * when more drives are lost than parity covers (nothing is acknowledged from then on), {@code
 * NO_SPACE} when full, {@code CORRUPT} when bytes cannot be read or rebuilt, {@code CONFLICT} when
 * fenced.
 */
public interface Pool extends AutoCloseable {

  /** The pool's identity, the same for its whole life. */
  UUID id();

  /** Write-once containers. */
  ContainerStore containers();

  /**
   * The journal of one host. One process at a time may hold it.
   *
   * @param host the host's stable name, 1 to 64 characters of {@code [a-z0-9-]}
   */
  JournalStore journal(String host);

  /** Small versioned records. */
  RecordStore records();

  /** Health, redundancy and capacity now; cheap enough to call for every metrics scrape. */
  PoolStatus status();

  /**
   * Lets {@link #status} be that of now where it is only asked for from time to time; when that
   * fails it stays as it was. May block.
   */
  default void renewStatus() {}

  /**
   * Registers the callback that the pool invokes, on a thread of its own, when it wants the host to
   * write a checkpoint soon: for instance because journal segments have lost a mirror.
   */
  void onCheckpointWanted(Runnable callback);

  /**
   * Raises the fence of a host: every later mutation that carries a lower epoch is refused with
   * {@code CONFLICT}. Durable when it returns.
   *
   * @return the epoch now in force, at least {@code epoch}
   */
  long fence(String host, long epoch);

  @Override
  void close();
}
