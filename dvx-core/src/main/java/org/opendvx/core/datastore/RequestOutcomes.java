package org.opendvx.core.datastore;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opendvx.core.datastore.Datastore.RequestOutcome;

/**
 * What became of requests that must not be applied twice: those of the last minutes, as far as
 * there is room. Thread-safe.
 */
final class RequestOutcomes {
  static final int MAX = 16_384;
  private static final long MAX_AGE_NANOS = 600_000_000_000L;
  private static final int ENCODED = 32;

  private record Done(long created, long time) {}

  private final LinkedHashMap<RequestTag, Done> done = new LinkedHashMap<>();

  synchronized Optional<RequestOutcome> find(RequestTag tag) {
    Done outcome = done.get(tag);
    return outcome == null ? Optional.empty() : Optional.of(new RequestOutcome(outcome.created()));
  }

  synchronized void add(RequestTag tag, long created, long time) {
    done.remove(tag);
    done.put(tag, new Done(created, time));
    var oldest = done.entrySet().iterator();
    while (oldest.hasNext()) {
      Done first = oldest.next().getValue();
      if (done.size() <= MAX && time - first.time() <= MAX_AGE_NANOS) {
        break;
      }
      oldest.remove();
    }
  }

  /** Bytes of all outcomes, oldest first: tag, created file, time. */
  synchronized byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(done.size() * ENCODED);
    for (Map.Entry<RequestTag, Done> entry : done.entrySet()) {
      out.putLong(entry.getKey().high()).putLong(entry.getKey().low());
      out.putLong(entry.getValue().created()).putLong(entry.getValue().time());
    }
    return out.array();
  }

  /** Takes over what {@link #encode} wrote. */
  synchronized void load(byte[] encoded) {
    ByteBuffer in = ByteBuffer.wrap(encoded);
    List<Runnable> additions = new ArrayList<>();
    try {
      while (in.hasRemaining()) {
        RequestTag tag = new RequestTag(in.getLong(), in.getLong());
        Done outcome = new Done(in.getLong(), in.getLong());
        additions.add(() -> done.put(tag, outcome));
      }
    } catch (BufferUnderflowException _) {
      throw Bytes.corrupt("The list of recent requests", "it ends early");
    }
    additions.forEach(Runnable::run);
  }
}
