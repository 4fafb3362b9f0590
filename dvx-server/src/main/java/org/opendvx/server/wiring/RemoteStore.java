package org.opendvx.server.wiring;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.cluster.ClusterHost;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.RecordStore.VersionedRecord;
import org.opendvx.core.pool.remote.RemotePool;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.datanode.JoinedDataNode;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.node.Store;
import org.opendvx.server.security.PrivateFiles;

/** The datastore over the pool of a data node. Keys and parity stay on this host. */
final class RemoteStore implements Store {
  private static final int MAX_NOTE = 128;

  private final RemotePool pool;
  private final KeyRing keys;
  private final FlashTier flash;
  private final DvxDatastore datastore;

  private RemoteStore(RemotePool pool, KeyRing keys, FlashTier flash, DvxDatastore datastore) {
    this.pool = pool;
    this.keys = keys;
    this.flash = flash;
    this.datastore = datastore;
  }

  /** Opens the store at the data node that this host has joined, making it at the first start. */
  static RemoteStore open(NodeConfig config, DataFolder folder) {
    Path note = folder.root().resolve("pool.id");
    boolean fresh = !Files.exists(note);
    JoinedDataNode joined = JoinedDataNode.read(folder.root());
    RemotePool pool =
        RemotePool.open(
            joined.settings().withCallLimit(config.pool().timeout()), joined.identity());
    KeyRing keys = null;
    FlashTier flash = null;
    boolean done = false;
    try {
      if (!fresh) {
        checkPool(note, pool);
      }
      if (ClusterHost.formatted(pool)) {
        throw DvxException.of(Kind.CONFLICT, "The pool holds a datastore of several hosts")
            .cause("A single host must not open a part of it")
            .remedy("Start this node as one of them: dvx host --config FILE")
            .build();
      }
      keys = keys(config, folder, pool, fresh);
      flash = FlashTier.open(config.flash(), pool.id());
      DvxDatastore datastore =
          LocalStore.datastore(
              pool,
              keys,
              LocalStore.settings(config.memory()),
              config.node().name(),
              fresh,
              flash.sources());
      if (fresh) {
        PrivateFiles.write(note, (pool.id() + "\n").getBytes(StandardCharsets.UTF_8));
      }
      done = true;
      return new RemoteStore(pool, keys, flash, datastore);
    } finally {
      if (!done) {
        if (flash != null) {
          flash.close();
        }
        if (keys != null) {
          keys.close();
        }
        pool.close();
      }
    }
  }

  /** The key is tried, and the format looked at, before anything is changed. */
  private static KeyRing keys(
      NodeConfig config, DataFolder folder, RemotePool pool, boolean fresh) {
    NodeKeys nodeKeys = new NodeKeys(config.keys(), folder);
    Optional<VersionedRecord> wrapped = pool.records().get(NodeKeys.RECORD);
    checkFormat(config, pool);
    return wrapped.isPresent()
        ? nodeKeys.unwrap(wrapped.get().value())
        : nodeKeys.create(pool.records(), fresh);
  }

  /** Looks at the format of the root that has this host's name, if there is one. */
  static void checkFormat(NodeConfig config, RemotePool pool) {
    pool.records()
        .get(DvxDatastore.rootRecord(config.node().name()))
        .ifPresent(root -> DvxDatastore.checkFormat(root.value()));
  }

  static void checkPool(Path note, RemotePool pool) {
    String known = new String(PrivateFiles.read(note, MAX_NOTE), StandardCharsets.UTF_8).strip();
    if (!known.equals(pool.id().toString())) {
      throw DvxException.of(Kind.CONFLICT, "The data node has another pool than this host uses")
          .cause("It serves " + pool.id() + ", and this host's datastore is in " + known)
          .remedy("Join the right data node, or name another data folder by --data")
          .build();
    }
  }

  @Override
  public RemotePool pool() {
    return pool;
  }

  @Override
  public DvxDatastore datastore() {
    return datastore;
  }

  @Override
  public @Nullable FlashCache flash() {
    return flash.cache();
  }

  @Override
  public List<String> warnings() {
    return FlashTier.warnings(flash.cache());
  }

  @Override
  public byte[] handleKey() {
    return LocalStore.handleKey(keys);
  }

  @Override
  public void close() {
    try (pool;
        keys;
        flash;
        datastore) {
      // Closed in the order: datastore, flash, keys, pool.
    }
  }
}
