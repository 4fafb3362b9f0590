package org.opendvx.core.cluster;

/** How long files took to come to this host, from the first step to the last. Thread-safe. */
final class HandOverTimes {
  private long count;
  private long sum;
  private long longest;
  private long last;

  synchronized void add(long nanos) {
    count++;
    sum += nanos;
    longest = Math.max(longest, nanos);
    last = nanos;
  }

  synchronized HostStatus.HandOvers figures() {
    return new HostStatus.HandOvers(count, sum, longest, last);
  }
}
