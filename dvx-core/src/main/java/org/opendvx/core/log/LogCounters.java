package org.opendvx.core.log;

import java.util.concurrent.atomic.LongAdder;

/** What the log counts; see {@link LogStatistics}. */
final class LogCounters {
  final LongAdder logical = new LongAdder();
  final LongAdder unique = new LongAdder();
  final LongAdder stored = new LongAdder();
  final LongAdder cacheHits = new LongAdder();
  final LongAdder cacheMisses = new LongAdder();
}
