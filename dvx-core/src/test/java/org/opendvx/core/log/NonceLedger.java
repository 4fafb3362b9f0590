package org.opendvx.core.log;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.opendvx.core.codec.SlotHeader;
import org.opendvx.core.testing.InMemoryPool;
import org.opendvx.core.testing.PoolMutation.JournalAppend;

/**
 * Every sealed slot that ever reached a drive, by the place in its nonce: two different slots of
 * one place are a nonce used twice.
 */
final class NonceLedger {
  private final Map<String, Long> slots = new HashMap<>();

  /** Notes all slots in a pool's containers and journal. */
  void read(InMemoryPool pool) {
    pool.containers().forEach(id -> container(id, pool.containerBytes(id)));
    for (JournalAppend batch : pool.journalBatches(LogHarness.HOST)) {
      batch(batch.bytes());
    }
  }

  int size() {
    return slots.size();
  }

  private void container(long id, byte[] bytes) {
    int footerAt = bytes.length - ContainerFormat.FOOTER;
    ContainerFormat.Footer footer = ContainerFormat.readFooter(bytes, footerAt, id, bytes.length);
    Toc toc = Toc.parse(id, footer, bytes, footer.tocOffset());
    for (int i = 0; i < footer.count(); i++) {
      if (toc.length(i) > 0) {
        slot(bytes, toc.offset(i), toc.length(i));
      }
    }
  }

  private void batch(byte[] bytes) {
    ByteBuffer batch = ByteBuffer.wrap(bytes);
    int records = batch.getInt(12);
    batch.position(32);
    for (int i = 0; i < records; i++) {
      int length = batch.getInt();
      int secret = batch.getInt();
      batch.position(batch.position() + 8);
      int end = batch.position() + length;
      batch.position(batch.position() + secret);
      int chunks = batch.getInt();
      for (int c = 0; c < chunks; c++) {
        int slotLength = batch.getInt(batch.position() + 24);
        batch.position(batch.position() + 28);
        slot(bytes, batch.position(), slotLength);
        batch.position(batch.position() + slotLength);
      }
      assertEquals(end, batch.position());
    }
  }

  private void slot(byte[] bytes, int offset, int length) {
    SlotHeader header = SlotHeader.read(bytes, offset, length);
    CRC32C crc = new CRC32C();
    crc.update(bytes, offset, length);
    String nonce = header.keyId() + "/" + header.place() + "/" + header.entry();
    Long old = slots.put(nonce, crc.getValue());
    if (old != null) {
      assertEquals(old, crc.getValue(), "nonce used for two slots: " + nonce);
    }
  }
}
