package org.opendvx.server.wiring;

import java.nio.file.Files;
import java.nio.file.Path;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.VerifyView;
import org.opendvx.server.config.KeysSection;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.config.PoolSection;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.service.Progress;
import org.opendvx.server.service.Verification;

/** What is done with the pool of a node that does not run. */
public final class StoppedNode {
  private StoppedNode() {}

  /**
   * Verifies everything that is stored, without a node. The store is opened as a node opens it: the
   * journal is replayed, and a checkpoint is written.
   *
   * @throws DvxException CONFLICT while a node runs, NOT_FOUND when there is no pool
   */
  public static VerifyView verify(NodeConfig config, Progress progress) {
    try (DataFolder folder = open(config);
        LocalStore store = LocalStore.open(config.forLooking(), folder)) {
      return new Verification(store.reclaim(), store.care()).run(progress);
    }
  }

  /**
   * Locks the pool's keys with another key.
   *
   * @throws DvxException CONFLICT while a node runs, NOT_FOUND when there is no pool, DENIED when
   *     the present key is not the one
   */
  public static void rotateKey(NodeConfig config, KeysSection next) {
    if (next.equals(config.keys())) {
      throw DvxException.of(Kind.INVALID, "The new key is the present one")
          .remedy("Name another file or key")
          .build();
    }
    try (DataFolder folder = open(config)) {
      LocalStore.rotateKey(config, folder, next);
    }
  }

  private static DataFolder open(NodeConfig config) {
    if (config.pool().kind() != PoolSection.Kind.LOCAL) {
      throw DvxException.of(Kind.UNSUPPORTED, "The pool is that of a data node")
          .cause("This works on drives of this machine only")
          .remedy("Scrub the drives at the data node")
          .build();
    }
    Path data = config.node().data();
    if (!Files.exists(data.resolve("pool.id"))) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no node's pool")
          .cause("No node was ever started with this data folder")
          .remedy("Name the configuration that the node is started with")
          .detail("data folder", data)
          .build();
    }
    return DataFolder.open(data);
  }
}
