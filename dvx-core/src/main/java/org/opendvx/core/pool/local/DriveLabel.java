package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * The label of a drive: who it is, and which membership it has last seen. Format:
 * docs/formats/drive.md. The file holds the same 4 KiB twice, so that one flipped bit loses
 * nothing.
 *
 * @param pool the pool's identity
 * @param drive the drive's identity
 * @param index its place among the members
 * @param emptied its journal and records may be gone or half filled: not to be believed, until the
 *     next membership is stamped on it
 * @param created when the pool was made, milliseconds since 1970
 * @param claimedTerm the highest term that an opening has claimed on this drive
 */
record DriveLabel(
    UUID pool,
    UUID drive,
    int index,
    boolean emptied,
    long created,
    long claimedTerm,
    Membership membership) {

  /** The newest format of everything on a drive that this program knows. */
  static final int FORMAT = 1;

  private static final int MAGIC = 0x44565844; // "DVXD"
  private static final int COPY = Layout.BLOCK;
  private static final int CRC_AT = COPY - 4;
  private static final int MEMBER_BYTES = 32;
  private static final int LEAVING = 1;
  private static final int FILLING = 2;

  /** Bytes of the file. */
  static final int FILE_BYTES = 2 * COPY;

  /** The label of a drive that is about to be emptied. */
  DriveLabel withEmptied() {
    return new DriveLabel(pool, drive, index, true, created, claimedTerm, membership);
  }

  DriveLabel withClaim(long term) {
    return new DriveLabel(pool, drive, index, emptied, created, term, membership);
  }

  /** The file's bytes. */
  ByteBuffer encode() {
    ByteBuffer file = ByteBuffer.allocate(FILE_BYTES).order(ByteOrder.BIG_ENDIAN);
    file.putInt(MAGIC).putShort((short) FORMAT).putShort((short) membership.places());
    put(file, pool);
    put(file, drive);
    file.putInt(index).putInt(emptied ? 1 : 0);
    file.putLong(created).putLong(claimedTerm).putLong(membership.generation());
    for (Member member : membership.members()) {
      put(file, member.drive());
      file.put((byte) member.state().code()).put((byte) flags(member));
      file.put(new byte[6]).putLong(member.since());
    }
    file.putInt(CRC_AT, crc(file, 0));
    file.put(COPY, file, 0, COPY);
    return file.rewind();
  }

  /**
   * Reads a label from the file's bytes.
   *
   * @return null when neither copy is intact
   * @throws DvxException UNSUPPORTED when it is of a newer format
   */
  static @Nullable DriveLabel decode(ByteBuffer file, String where) {
    for (int at = 0; at + COPY <= file.limit(); at += COPY) {
      if (file.getInt(at) != MAGIC) {
        continue;
      }
      if (file.getInt(at + CRC_AT) != crc(file, at)) {
        continue;
      }
      int format = Short.toUnsignedInt(file.getShort(at + 4));
      if (format > FORMAT) {
        throw DvxException.of(Kind.UNSUPPORTED, "The drive has a newer format than this program")
            .cause("Format " + format + " was found, " + FORMAT + " is the newest known here")
            .remedy("Use the program version that wrote the drive, or a later one")
            .detail("drive", where)
            .build();
      }
      return decodeCopy(file.slice(at, COPY));
    }
    return null;
  }

  private static @Nullable DriveLabel decodeCopy(ByteBuffer copy) {
    int count = copy.getShort(6);
    if (count < 1 || count > Membership.MAX_DRIVES) {
      return null;
    }
    copy.position(8);
    UUID pool = uuid(copy);
    UUID drive = uuid(copy);
    int index = copy.getInt();
    boolean emptied = copy.getInt() != 0;
    long created = copy.getLong();
    long claimed = copy.getLong();
    long generation = copy.getLong();
    List<Member> members = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int at = copy.position();
      UUID id = uuid(copy);
      Member.State state = Member.State.of(copy.get());
      if (state == null) {
        return null;
      }
      int flags = copy.get();
      boolean leaving = (flags & LEAVING) != 0;
      boolean filling = (flags & FILLING) != 0;
      members.add(new Member(i, id, state, leaving, filling, copy.getLong(at + 24)));
      copy.position(at + MEMBER_BYTES);
    }
    return new DriveLabel(
        pool, drive, index, emptied, created, claimed, new Membership(generation, members));
  }

  /**
   * Reads the label of a drive, on the calling thread.
   *
   * @return null when there is a file and it is damaged
   */
  static @Nullable DriveLabel read(DriveFolder folder) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(FILE_BYTES).order(ByteOrder.BIG_ENDIAN);
    try (DriveFile file = folder.open(Layout.LABEL, false)) {
      file.read(bytes, 0);
    }
    return decode(bytes.flip(), folder.root().toString());
  }

  /**
   * Replaces the label of a drive, durably and in one step, on the calling thread. The spare file
   * that the bytes go to was made ahead, so that a full file system cannot stop it.
   */
  void write(DriveFolder folder) throws IOException {
    try (DriveFile file = openSpare(folder)) {
      file.write(encode(), 0);
      file.force(true);
    }
    folder.rename(Layout.LABEL_SPARE, Layout.LABEL);
    folder.forceDirectory(Layout.HERE);
    prepareSpare(folder);
  }

  private static DriveFile openSpare(DriveFolder folder) throws IOException {
    try {
      return folder.open(Layout.LABEL_SPARE, false);
    } catch (java.nio.file.NoSuchFileException _) {
      return folder.open(Layout.LABEL_SPARE, true);
    }
  }

  /** Best effort: without it the next label merely needs room for itself. */
  private static void prepareSpare(DriveFolder folder) throws IOException {
    try (DriveFile file = folder.open(Layout.LABEL_SPARE, true)) {
      file.write(ByteBuffer.allocate(FILE_BYTES), 0);
    } catch (IOException e) {
      if (!IoErrors.isNoSpace(e)) {
        throw e;
      }
    }
  }

  private static int flags(Member member) {
    return (member.leaving() ? LEAVING : 0) | (member.filling() ? FILLING : 0);
  }

  private static int crc(ByteBuffer file, int at) {
    CRC32C crc = new CRC32C();
    crc.update(file.slice(at, CRC_AT));
    return (int) crc.getValue();
  }

  private static void put(ByteBuffer target, UUID id) {
    target.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
  }

  private static UUID uuid(ByteBuffer source) {
    return new UUID(source.getLong(), source.getLong());
  }
}
