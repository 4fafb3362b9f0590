package org.opendvx.core.testing;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongConsumer;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.testing.PoolFaults.Operation;
import org.opendvx.core.testing.PoolMutation.ContainerDelete;
import org.opendvx.core.testing.PoolMutation.ContainerPut;

/** The containers of an {@link InMemoryPool}; refuses to write one twice with other bytes. */
final class InMemoryContainers implements ContainerStore {
  private final InMemoryPool pool;

  InMemoryContainers(InMemoryPool pool) {
    this.pool = pool;
  }

  @Override
  public void put(Epoch epoch, long containerId, byte[] content, int length) {
    if (containerId <= 0 || containerId >>> 48 != 0 || length < 1 || length > MAX_LENGTH) {
      throw InMemoryPool.failure(Kind.INVALID, "No container " + containerId + " of " + length);
    }
    byte[] bytes = Arrays.copyOf(content, length);
    pool.mutate(
        epoch,
        Operation.CONTAINER_PUT,
        containerId,
        "",
        () -> {
          byte[] old = pool.state().containers.get(containerId);
          if (old != null && !Arrays.equals(old, bytes)) {
            throw InMemoryPool.failure(Kind.EXISTS, "Container " + containerId + " is another one");
          }
          if (pool.containerBytesUsed() + length > pool.usableBytes()) {
            throw InMemoryPool.failure(Kind.NO_SPACE, "The pool is full");
          }
          pool.commit(new ContainerPut(containerId, bytes));
          return bytes;
        });
  }

  @Override
  public void read(long containerId, int offset, int length, byte[] target, int targetOffset) {
    byte[] bytes =
        pool.look(
            Operation.CONTAINER_READ,
            containerId,
            "",
            () -> {
              byte[] found = pool.state().containers.get(containerId);
              if (found == null) {
                throw InMemoryPool.failure(Kind.NOT_FOUND, "There is no container " + containerId);
              }
              return found;
            });
    if (offset < 0 || length < 0 || offset > bytes.length - length) {
      throw InMemoryPool.failure(Kind.INVALID, "Range outside of container " + containerId);
    }
    System.arraycopy(bytes, offset, target, targetOffset, length);
  }

  @Override
  public OptionalInt length(long containerId) {
    synchronized (pool) {
      byte[] bytes = pool.state().containers.get(containerId);
      return bytes == null ? OptionalInt.empty() : OptionalInt.of(bytes.length);
    }
  }

  @Override
  public void delete(Epoch epoch, long containerId) {
    pool.mutate(
        epoch,
        Operation.CONTAINER_DELETE,
        containerId,
        "",
        () -> {
          pool.commit(new ContainerDelete(containerId));
          return containerId;
        });
  }

  @Override
  public void forEach(LongConsumer visitor) {
    List<Long> ids;
    synchronized (pool) {
      ids = List.copyOf(pool.state().containers.keySet());
    }
    ids.forEach(visitor::accept);
  }

  @Override
  public long count() {
    synchronized (pool) {
      return pool.state().containers.size();
    }
  }
}
