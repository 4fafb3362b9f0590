package org.opendvx.core.cluster;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.Datastore.SpaceReport;
import org.opendvx.core.datastore.DvxDatastore;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * Room and written bytes of a datastore of several hosts, without asking any of them: of roots that
 * are served here as they are now, of the others as of their last checkpoint. The server of the
 * namespace notes the number of files in the pool: docs/formats/hosts.md. Thread-safe.
 */
final class SpaceFigures {
  private static final int FORMAT = 1;
  private static final String FILES = "figures/files";

  private final Pool pool;
  private final Membership membership;
  private final Roots roots;
  private final String namespace;
  private volatile SpaceReport report = new SpaceReport(0, 0, 0, 0, 0, 0);

  SpaceFigures(Pool pool, Membership membership, Roots roots, String namespace) {
    this.pool = pool;
    this.membership = membership;
    this.roots = roots;
    this.namespace = namespace;
  }

  /** As of the last {@link #refresh}. */
  SpaceReport report() {
    return report;
  }

  /** Looks again. Blocks. */
  void refresh() {
    @Nullable ServedRoot own = roots.own();
    if (own == null) {
      return;
    }
    SpaceReport room = own.store().space();
    long logical = 0;
    long unique = 0;
    long stored = 0;
    for (Serving serving : Serving.all(pool.records())) {
      Optional<SpaceReport> written = written(serving.root());
      logical += written.map(SpaceReport::logicalWritten).orElse(0L);
      unique += written.map(SpaceReport::uniqueWritten).orElse(0L);
      stored += written.map(SpaceReport::storedWritten).orElse(0L);
    }
    report = new SpaceReport(room.totalBytes(), room.freeBytes(), logical, unique, stored, files());
  }

  private Optional<SpaceReport> written(String root) {
    ServedRoot here = roots.local(root);
    return here != null
        ? Optional.of(here.store().space())
        : pool.records()
            .get(DvxDatastore.rootRecord(root))
            .map(record -> DvxDatastore.writtenAsOf(record.value()));
  }

  private long files() {
    Optional<VersionedRecord> noted = pool.records().get(FILES);
    long known = noted.map(record -> decode(record.value())).orElse(0L);
    ServedRoot here = roots.local(namespace);
    if (here == null) {
      return known;
    }
    long now = here.store().space().files();
    if (now != known || noted.isEmpty()) {
      note(now, noted.map(VersionedRecord::version).orElse(0L));
    }
    return now;
  }

  private static long decode(byte[] value) {
    return Wire.read("The number of files", value, FORMAT, Wire.In::getLong);
  }

  private void note(long files, long version) {
    byte[] value = new Wire.Out().put(FORMAT).putLong(files).done();
    try {
      long _ = pool.records().put(membership.epoch(), FILES, version, value);
    } catch (DvxException e) {
      if (e.kind() != Kind.CONFLICT) {
        throw e;
      }
      // Another host serves the namespace now, and notes it.
    }
  }
}
