package org.opendvx.core.testing;

import java.util.Arrays;

/** One durable change of an {@link InMemoryPool}; a crash leaves a prefix of them. */
@SuppressWarnings("ArrayRecordComponent") // compared by content where it matters
public sealed interface PoolMutation {

  /** A container became durable. */
  record ContainerPut(long id, byte[] bytes) implements PoolMutation {}

  /** A container was deleted. */
  record ContainerDelete(long id) implements PoolMutation {}

  /** A journal batch became durable. */
  record JournalAppend(String host, long first, long last, byte[] bytes) implements PoolMutation {
    boolean sameAs(JournalAppend other) {
      return host.equals(other.host)
          && first == other.first
          && last == other.last
          && Arrays.equals(bytes, other.bytes);
    }
  }

  /** Batches of a journal that end below a sequence were given up. */
  record JournalTrim(String host, long sequence) implements PoolMutation {}

  /** A record of the register changed. */
  record RecordPut(String key, byte[] value) implements PoolMutation {}

  /** A host was fenced. */
  record Fence(String host, long number) implements PoolMutation {}
}
