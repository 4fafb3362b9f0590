package org.opendvx.core.log;

import org.opendvx.core.codec.ChunkSealer;
import org.opendvx.core.codec.Fingerprinter;
import org.opendvx.core.codec.SlotHeader;
import org.opendvx.core.codec.SlotType;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.ContainerStore;

/**
 * Reads whole containers from the pool and opens every slot: what a verification asks for. Confined
 * to one thread.
 */
public final class ContainerCheck {
  private final ContainerStore store;
  private final SlotOpener opener;
  private final Fingerprinter fingerprinter;
  private final byte[] bytes = new byte[ContainerStore.MAX_LENGTH];
  private final long[] fingerprint = new long[2];

  ContainerCheck(ContainerStore store, ChunkSealer sealer, Fingerprinter fingerprinter) {
    this.store = store;
    this.opener = new SlotOpener(sealer);
    this.fingerprinter = fingerprinter;
  }

  /** Receives what is in a container. */
  public interface Sink {
    /** A slot that is what its address says. */
    void good(long address);

    /** A slot that is not. */
    void bad(long address, String why);
  }

  /**
   * Checks a container.
   *
   * @return its length in bytes
   * @throws DvxException NOT_FOUND when there is none, CORRUPT when it cannot be read or its table
   *     is damaged
   */
  public int check(long place, Sink sink) {
    int length =
        store
            .length(place)
            .orElseThrow(
                () -> DvxException.of(Kind.NOT_FOUND, "There is no container " + place).build());
    store.read(place, 0, length, bytes, 0);
    if (length < ContainerFormat.HEADER + ContainerFormat.FOOTER) {
      throw ContainerFormat.corrupt(place, "it is too short");
    }
    ContainerFormat.Footer footer =
        ContainerFormat.readFooter(bytes, length - ContainerFormat.FOOTER, place, length);
    Toc toc = Toc.parse(place, footer, bytes, footer.tocOffset());
    for (int i = 0; i < footer.count(); i++) {
      int entry = footer.tocOffset() + i * ContainerFormat.TOC_ENTRY;
      long address = ContainerFormat.getLong(bytes, entry);
      if (toc.length(i) == 0) {
        // Given up before it was sealed.
        continue;
      }
      try {
        slot(toc.offset(i), toc.length(i), address, entry);
        sink.good(address);
      } catch (DvxException e) {
        sink.bad(address, e.report().what() + ": " + e.report().cause());
      }
    }
    return length;
  }

  private void slot(int offset, int length, long address, int entry) {
    byte type = SlotHeader.read(bytes, offset, length).type();
    if (type == SlotType.NODE.code()) {
      opener.node(bytes, offset, length, address);
      return;
    }
    byte[] plain = opener.chunk(bytes, offset, length, address);
    int at = entry + ContainerFormat.ENTRY_FINGERPRINT;
    long high = ContainerFormat.getLong(bytes, at);
    long low = ContainerFormat.getLong(bytes, at + Long.BYTES);
    fingerprinter.fingerprint(plain, 0, plain.length, fingerprint, 0);
    if (fingerprint[0] != high || fingerprint[1] != low) {
      throw ContainerFormat.corrupt(
          ChunkAddress.container(address), "a chunk does not have the fingerprint in the table");
    }
  }
}
