package org.opendvx.core.datastore;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.Pool;
import org.opendvx.core.pool.RecordStore;
import org.opendvx.core.pool.RecordStore.VersionedRecord;

/**
 * The number of a root's life, durable before it is used: higher than that of any life of any root
 * before. It is half of the nonces of journal records, and all roots of a pool share a key.
 */
final class Incarnation {
  private static final String LAST = "ids/incarnations";
  private static final String HOSTS = "hosts/";
  private static final String OF_HOST = "/incarnation";
  private static final int TRIES = 100;

  private Incarnation() {}

  /** Starts a new life of a root and fences its earlier ones. */
  static Epoch next(Pool pool, String host) {
    RecordStore records = pool.records();
    String key = HOSTS + host + OF_HOST;
    Optional<VersionedRecord> found = records.get(key);
    Epoch epoch = draw(records, host, number(key, found));
    long version = found.map(VersionedRecord::version).orElse(0L);
    long _ = records.put(epoch, key, version, bytes(epoch.number()));
    long inForce = pool.fence(host, epoch.number());
    if (inForce > epoch.number()) {
      throw DvxException.of(Kind.CONFLICT, "This host was fenced while it started")
          .cause("Another host has taken its files over")
          .remedy("Start it again")
          .detail("epoch", epoch.number())
          .detail("fenced at", inForce)
          .build();
    }
    return epoch;
  }

  private static Epoch draw(RecordStore records, String host, long own) {
    for (int attempt = 1; ; attempt++) {
      Optional<VersionedRecord> last = records.get(LAST);
      long highest = last.isPresent() ? number(LAST, last) : highest(records);
      Epoch epoch = new Epoch(host, Math.max(highest, own) + 1);
      try {
        long version = last.map(VersionedRecord::version).orElse(0L);
        long _ = records.put(epoch, LAST, version, bytes(epoch.number()));
        return epoch;
      } catch (DvxException e) {
        if (e.kind() != Kind.CONFLICT || attempt == TRIES) {
          throw e;
        }
      }
    }
  }

  /** The incarnation of each root. */
  static Map<String, Long> all(RecordStore records) {
    Map<String, Long> all = new TreeMap<>();
    for (String key : records.keys(HOSTS)) {
      if (key.endsWith(OF_HOST)) {
        String root = key.substring(HOSTS.length(), key.length() - OF_HOST.length());
        all.put(root, number(key, records.get(key)));
      }
    }
    return all;
  }

  /** The highest number in a pool that was made before there was a record for all roots. */
  private static long highest(RecordStore records) {
    long highest = 0;
    for (String key : records.keys(HOSTS)) {
      if (key.endsWith(OF_HOST)) {
        highest = Math.max(highest, number(key, records.get(key)));
      }
    }
    return highest;
  }

  private static long number(String key, Optional<VersionedRecord> found) {
    long number = found.map(record -> ByteBuffer.wrap(record.value()).getLong()).orElse(0L);
    if (number < 0 || number >= Integer.MAX_VALUE) {
      throw DvxException.of(Kind.CORRUPT, "A record of starts makes no sense")
          .detail("record", key)
          .detail("value", number)
          .build();
    }
    return number;
  }

  private static byte[] bytes(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }
}
