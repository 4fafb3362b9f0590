package org.opendvx.core.codec;

import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** The keys of a ring as they stand below the seal. */
public final class RingPlainFuzz implements FuzzTarget {
  /** Found by name. */
  public RingPlainFuzz() {}

  @Override
  public String name() {
    return "key-ring-plain";
  }

  @Override
  public List<byte[]> seeds() {
    KeyRing one = KeyRing.generate();
    return List.of(KeyRingBlob.encode(one), KeyRingBlob.encode(one.withNewDataKey()));
  }

  @Override
  public void check(byte[] input) {
    try (KeyRing ring = KeyRingBlob.decode(input)) {
      Checks.holds(ring.dataKeyIds().contains(ring.currentDataKeyId()), "no current key");
      try (KeyRing again = KeyRingBlob.decode(KeyRingBlob.encode(ring))) {
        Checks.same(KeyRingBlob.encode(ring), KeyRingBlob.encode(again), "a ring");
      }
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
