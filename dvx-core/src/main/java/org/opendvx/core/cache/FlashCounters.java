package org.opendvx.core.cache;

import java.util.concurrent.atomic.LongAdder;

/** What a flash cache counts. */
final class FlashCounters {
  final LongAdder hits = new LongAdder();
  final LongAdder misses = new LongAdder();
  final LongAdder damaged = new LongAdder();
  final LongAdder bytesRead = new LongAdder();
  final LongAdder bytesWritten = new LongAdder();
  final LongAdder dropped = new LongAdder();
  final LongAdder kept = new LongAdder();
}
