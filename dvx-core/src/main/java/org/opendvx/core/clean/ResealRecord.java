package org.opendvx.core.clean;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * What is sealed anew, as the register knows it: docs/formats/cleaner.md.
 *
 * @param keyId the data key under which everything is to be sealed
 * @param mark containers with lower ids may hold what an older key sealed; those with higher ones
 *     were opened after the key was changed
 * @param startedMillis since 1970 when that was
 * @param containers below the mark at that time
 * @param bytes of them
 */
record ResealRecord(int keyId, long mark, long startedMillis, long containers, long bytes) {
  static final String KEY = "clean/reseal";

  /** "DVXN". */
  private static final int MAGIC = 0x4456584e;

  private static final short VERSION = 1;
  private static final int CHECKED = 44;
  private static final int LENGTH = CHECKED + Integer.BYTES;
  private static final String WHAT = "The record of what is sealed anew";

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(LENGTH);
    out.putInt(MAGIC).putShort(VERSION).putShort((short) 0).putInt(keyId);
    out.putLong(mark).putLong(startedMillis).putLong(containers).putLong(bytes);
    return out.putInt(checksum(out.array())).array();
  }

  static ResealRecord decode(byte[] bytes) {
    if (bytes.length < LENGTH || ByteBuffer.wrap(bytes).getInt() != MAGIC) {
      throw corrupt("it does not start like one");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).position(Integer.BYTES);
    short version = in.getShort();
    if (version != VERSION) {
      throw DvxException.of(Kind.UNSUPPORTED, WHAT + " has a format that is not known")
          .cause("A newer version wrote it")
          .remedy("Run the version that wrote it, or a newer one; nothing was changed")
          .detail("format", version)
          .build();
    }
    if (bytes.length != LENGTH || in.getShort() != 0 || in.getInt(CHECKED) != checksum(bytes)) {
      throw corrupt("its checksum is wrong");
    }
    return new ResealRecord(in.getInt(), in.getLong(), in.getLong(), in.getLong(), in.getLong());
  }

  private static int checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, CHECKED);
    return (int) crc.getValue();
  }

  private static DvxException corrupt(String why) {
    return DvxException.of(Kind.CORRUPT, WHAT + " cannot be read")
        .cause(why)
        .remedy("Keep the drives as they are and look for one that fails; please report this")
        .build();
  }
}
