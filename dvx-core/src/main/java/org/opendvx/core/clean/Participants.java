package org.opendvx.core.clean;

import java.util.Set;
import java.util.TreeSet;
import org.opendvx.core.pool.RecordStore;

/**
 * The hosts that have anything in a pool, as the register knows them. What one of them refers to
 * must not be taken away: a cleaner that cannot walk the roots of all of them does nothing.
 */
final class Participants {
  private static final String HOSTS = "hosts/";

  private Participants() {}

  /** Names of hosts in the register, of those too that have just begun to start. */
  static Set<String> of(RecordStore records) {
    Set<String> hosts = new TreeSet<>();
    for (String key : records.keys(HOSTS)) {
      String rest = key.substring(HOSTS.length());
      int slash = rest.indexOf('/');
      hosts.add(slash < 0 ? rest : rest.substring(0, slash));
    }
    return hosts;
  }
}
