package org.opendvx.core.pool.local;

import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;

/** The list of a journal's segments. */
public final class JournalManifestFuzz implements FuzzTarget {
  /** Found by name. */
  public JournalManifestFuzz() {}

  @Override
  public String name() {
    return "journal-manifest";
  }

  @Override
  public List<byte[]> seeds() {
    List<JournalManifest.Mirror> mirrors =
        List.of(new JournalManifest.Mirror(0, 1, 2), new JournalManifest.Mirror(3, 4, 5));
    return List.of(
        new JournalManifest(
                1 << 20,
                9,
                List.of(
                    new JournalManifest.Entry(7, mirrors),
                    new JournalManifest.Entry(8, List.of(mirrors.getFirst()))))
            .encode(),
        new JournalManifest(1 << 20, 1, List.of()).encode());
  }

  @Override
  public void check(byte[] input) {
    try {
      JournalManifest manifest = JournalManifest.decode(input);
      Checks.holds(
          manifest.equals(JournalManifest.decode(manifest.encode())), "a list of segments");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
