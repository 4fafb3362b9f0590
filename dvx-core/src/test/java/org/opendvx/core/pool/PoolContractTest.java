package org.opendvx.core.pool;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.core.pool.remote.TestDataNode;
import org.opendvx.core.testing.InMemoryPool;

/** The pools that there are keep the contract. */
class PoolContractTest {
  @Nested
  class InMemory extends PoolContract {
    private final Pool pool = new InMemoryPool();

    @Override
    protected Pool pool() {
      return pool;
    }
  }

  @Nested
  class Local extends PoolContract {
    @TempDir private Path folder;
    private final List<Pool> open = new ArrayList<>();

    @Override
    protected Pool pool() {
      LocalPoolConfig config =
          LocalPoolConfig.of(
                  IntStream.range(0, 4).mapToObj(i -> folder.resolve("drive" + i)).toList())
              .withJournal(256 << 10, 3);
      LocalPool.create(config);
      LocalPool pool = LocalPool.open(config);
      open.add(pool);
      return pool;
    }

    @AfterEach
    void close() {
      open.forEach(Pool::close);
    }
  }

  @Nested
  class Remote extends PoolContract {
    @TempDir private Path folder;
    private final List<TestDataNode> nodes = new ArrayList<>();

    @Override
    protected Pool pool() {
      TestDataNode node = TestDataNode.start(folder, 4);
      nodes.add(node);
      return node.client();
    }

    @AfterEach
    void close() {
      nodes.forEach(TestDataNode::close);
    }
  }
}
