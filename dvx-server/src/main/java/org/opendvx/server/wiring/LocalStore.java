package org.opendvx.server.wiring;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cache.FlashCache;
import org.opendvx.core.clean.Cleaner;
import org.opendvx.core.clean.CleanerSettings;
import org.opendvx.core.clean.CleanerStatus;
import org.opendvx.core.clean.ResealStatus;
import org.opendvx.core.clean.RoundReport;
import org.opendvx.core.codec.HandleMac;
import org.opendvx.core.codec.KeyRing;
import org.opendvx.core.datastore.DatastoreSettings;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.datastore.Reclaim;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.log.SlotSource;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.local.DriveCare;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;
import org.opendvx.server.config.CleanerSection;
import org.opendvx.server.config.KeysSection;
import org.opendvx.server.config.MemorySection;
import org.opendvx.server.config.NodeConfig;
import org.opendvx.server.node.DataFolder;
import org.opendvx.server.node.Store;
import org.opendvx.server.security.PrivateFiles;

/**
 * The datastore on the drives of this machine.
 *
 * <p>The first start makes a pool; a file in the data folder notes that it did. From then on drives
 * that are not there are an error: an unmounted drive must never be taken for an empty one.
 */
final class LocalStore implements Store {
  private static final String HANDLE_KEY = "dvx nfs file handle";

  private final LocalPool pool;
  private final KeyRing keys;
  private final FlashTier flash;
  private final DvxDatastore datastore;
  private final Cleaner cleaner;

  private LocalStore(
      LocalPool pool, KeyRing keys, FlashTier flash, DvxDatastore datastore, Cleaner cleaner) {
    this.pool = pool;
    this.keys = keys;
    this.flash = flash;
    this.datastore = datastore;
    this.cleaner = cleaner;
  }

  /** Opens the store, making it at the first start. */
  static LocalStore open(NodeConfig config, DataFolder folder) {
    Path note = folder.root().resolve("pool.id");
    boolean fresh = !Files.exists(note);
    LocalPoolConfig pools = pools(config, folder);
    NodeKeys nodeKeys = new NodeKeys(config.keys(), folder);
    // With the wrong key, or before a newer format, nothing may be changed: opening does.
    KeyRing keys = look(pools, nodeKeys, config.node().name(), fresh);
    LocalPool pool = null;
    FlashTier flash = null;
    boolean done = false;
    try {
      pool = pool(pools, fresh);
      if (keys == null) {
        keys = nodeKeys.create(pool.records(), fresh);
      }
      flash = FlashTier.open(config.flash(), pool.id());
      DvxDatastore datastore =
          datastore(
              pool, keys, settings(config.memory()), config.node().name(), fresh, flash.sources());
      if (fresh) {
        PrivateFiles.write(note, (pool.id() + "\n").getBytes(StandardCharsets.UTF_8));
      }
      datastore.reclaim().keys().lockedBy(nodeKeys.lock());
      Cleaner cleaner = cleaner(datastore, config.cleaner());
      done = true;
      return new LocalStore(pool, keys, flash, datastore, cleaner);
    } finally {
      if (!done) {
        if (flash != null) {
          flash.close();
        }
        if (keys != null) {
          keys.close();
        }
        if (pool != null) {
          pool.close();
        }
      }
    }
  }

  /** Unlocks the keys of a pool that is there; null when there are none yet. */
  private static @Nullable KeyRing look(
      LocalPoolConfig config, NodeKeys keys, String host, boolean fresh) {
    String root = DvxDatastore.rootRecord(host);
    Map<String, byte[]> records;
    try {
      records = LocalPool.peek(config, List.of(NodeKeys.RECORD, root), DvxDatastore::checkBatch);
    } catch (DvxException e) {
      if (!fresh || e.kind() != Kind.NOT_FOUND) {
        throw e;
      }
      return null;
    }
    byte[] format = records.get(root);
    if (format != null) {
      DvxDatastore.checkFormat(format);
    }
    byte[] wrapped = records.get(NodeKeys.RECORD);
    return wrapped == null ? null : keys.unwrap(wrapped);
  }

  private static LocalPoolConfig pools(NodeConfig config, DataFolder folder) {
    return LocalPoolConfig.of(folder.driveFolders(config.drives()).all())
        .withDriveCapacity(config.drives().capacity().bytes())
        .withCare(config.drives().care());
  }

  /**
   * Locks the keys of a pool that no node serves with another key. Nothing is replayed.
   *
   * @throws DvxException DENIED when the present key is not the one; nothing was changed then
   */
  static void rotateKey(NodeConfig config, DataFolder folder, KeysSection next) {
    LocalPoolConfig pools = pools(config, folder);
    NodeKeys present = new NodeKeys(config.keys(), folder);
    KeyRing ring = look(pools, present, config.node().name(), false);
    if (ring == null) {
      throw DvxException.of(Kind.NOT_FOUND, "The pool has no key ring")
          .remedy("Start the node once: that makes one")
          .build();
    }
    ring.close();
    try (LocalPool pool = LocalPool.open(pools)) {
      present.rotate(pool.records(), new NodeKeys(next, folder));
    }
  }

  private static LocalPool pool(LocalPoolConfig config, boolean fresh) {
    try {
      return LocalPool.open(config);
    } catch (DvxException e) {
      if (!fresh || e.kind() != Kind.NOT_FOUND) {
        throw e;
      }
      LocalPool.create(config);
      return LocalPool.open(config);
    }
  }

  static DvxDatastore datastore(
      Pool pool,
      KeyRing keys,
      DatastoreSettings settings,
      String host,
      boolean fresh,
      List<SlotSource> sources) {
    try {
      return DvxDatastore.open(pool, keys, settings, host, sources);
    } catch (DvxException e) {
      if (!fresh || e.kind() != Kind.NOT_FOUND) {
        throw e;
      }
      return DvxDatastore.format(pool, keys, settings, host, sources);
    }
  }

  private static Cleaner cleaner(DvxDatastore datastore, CleanerSection section) {
    CleanerSettings settings = CleanerSettings.DEFAULT.withRate(section.rate().bytes());
    Cleaner cleaner = new Cleaner(datastore.reclaim(), settings);
    if (section.mode() == CleanerSection.Mode.ON) {
      cleaner.start();
    }
    return cleaner;
  }

  static DatastoreSettings settings(MemorySection memory) {
    return HeapShare.settings(memory, Runtime.getRuntime().maxMemory());
  }

  @Override
  public LocalPool pool() {
    return pool;
  }

  @Override
  public DriveCare care() {
    return pool.care();
  }

  @Override
  public Reclaim reclaim() {
    return datastore.reclaim();
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
    List<String> warnings = new ArrayList<>(FlashTier.warnings(flash.cache()));
    CleanerStatus status = cleaner.status();
    if (status.trouble() != null) {
      warnings.add("Space is not given back: " + status.trouble());
    }
    if (status.stuckContainers() > 0) {
      warnings.add(stuck(status.stuckContainers()));
    }
    return warnings;
  }

  static String stuck(int containers) {
    return containers
        + " containers cannot be read by the cleaner and keep their space: dvx clean status";
  }

  @Override
  public void clean(Consumer<RoundReport> told) {
    cleaner.sweep(told);
  }

  @Override
  public Optional<CleanerStatus> cleaning() {
    return Optional.of(cleaner.status());
  }

  @Override
  public Optional<ResealStatus> sealing() {
    return Optional.of(cleaner.resealing());
  }

  @Override
  public int renewDataKey() {
    int id = datastore.reclaim().keys().renew();
    cleaner.wanted();
    return id;
  }

  @Override
  public byte[] handleKey() {
    return handleKey(keys);
  }

  /** The secret of file handles, which follows from the pool's keys. */
  static byte[] handleKey(KeyRing keys) {
    byte[] label = HANDLE_KEY.getBytes(StandardCharsets.UTF_8);
    byte[] key = new byte[HandleMac.LENGTH];
    new HandleMac(keys).tag(label, 0, label.length, key, 0);
    return key;
  }

  @Override
  public void close() {
    try (pool;
        keys;
        flash;
        datastore;
        cleaner) {
      // Closed in the order: cleaner, datastore, flash, keys, pool.
    }
  }
}
