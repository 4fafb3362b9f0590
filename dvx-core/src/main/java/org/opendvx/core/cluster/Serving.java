package org.opendvx.core.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.Epoch;
import org.opendvx.core.pool.RecordStore;

/**
 * Which host serves a root: docs/formats/hosts.md.
 *
 * @param home the host that the root belongs to; empty for the namespace's
 * @param host the one that serves it; empty for none
 * @param life in which it does
 * @param version of the record
 */
record Serving(String root, String home, String host, long life, long version) {
  private static final int FORMAT = 1;
  private static final String PREFIX = "serving/";

  static List<Serving> all(RecordStore records) {
    List<Serving> all = new ArrayList<>();
    for (String key : records.keys(PREFIX)) {
      find(records, key.substring(PREFIX.length())).ifPresent(all::add);
    }
    return all;
  }

  static Optional<Serving> find(RecordStore records, String root) {
    return records
        .get(PREFIX + root)
        .map(
            found ->
                Wire.read(
                    "The record of who serves a root",
                    found.value(),
                    FORMAT,
                    in ->
                        new Serving(
                            root, in.getText(), in.getText(), in.getLong(), found.version())));
  }

  /** The root is served by a host from now on; empty when somebody else was faster. */
  Optional<Serving> by(RecordStore records, Epoch epoch, String newHost, long newLife) {
    Serving next = new Serving(root, home, newHost, newLife, version + 1);
    byte[] bytes =
        new Wire.Out().put(FORMAT).putText(home).putText(newHost).putLong(newLife).done();
    try {
      long _ = records.put(epoch, PREFIX + root, version, bytes);
      return Optional.of(next);
    } catch (DvxException e) {
      if (e.kind() == Kind.CONFLICT) {
        return Optional.empty();
      }
      throw e;
    }
  }
}
