package org.opendvx.core.nfs.v3;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Datastore.Entry;
import org.opendvx.core.datastore.Datastore.Listing;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.xdr.Xdr;

/** What READDIR and READDIRPLUS share. */
final class Directories {
  /** Cookies are valid for ever, so one verifier does for all. */
  static final long VERIFIER = 0;

  /** The most bytes of an entry's file id, name and cookie. */
  static final int LARGEST_NAME_ENTRY = 4 + 8 + 4 + Datastore.MAX_NAME + 1 + 8;

  private static final int MOST_BYTES = Datastore.MAX_IO;
  private static final int MOST_ENTRIES = 4096;

  private Directories() {}

  /** A client's byte limit, made sane. */
  static int clampBytes(int count) {
    return count < 0 ? MOST_BYTES : Math.min(count, MOST_BYTES);
  }

  /** Entries worth asking for. */
  static int entries(int bytes, int smallest) {
    return Math.clamp(bytes / smallest + 1, 1, MOST_ENTRIES);
  }

  static void checkVerifier(long cookie, long verifier) {
    if (cookie != 0 && verifier != VERIFIER) {
      throw new Nfs3Exception(Nfs3Status.BAD_COOKIE);
    }
  }

  static void writeName(ByteBuf out, Entry entry) {
    out.writeLong(entry.attributes().file());
    Xdr.writeOpaque(out, entry.name());
    out.writeLong(entry.cookie());
  }

  /** Makes {@code ..} of an export's own directory stand for that directory itself. */
  static CompletableFuture<Listing> staysInside(
      Nfs3Services services, Export export, FileKey directory, CompletableFuture<Listing> listing) {
    boolean isTop =
        directory.equals(services.roots().root(export)) && !directory.equals(FileKey.ROOT);
    return isTop ? listing.thenApply(page -> withoutAbove(page, directory)) : listing;
  }

  private static Listing withoutAbove(Listing page, FileKey directory) {
    List<Entry> entries = new ArrayList<>(page.entries());
    entries.replaceAll(
        entry ->
            Names.isDotDot(entry.name())
                ? new Entry(entry.name(), directory, entry.cookie(), page.directory())
                : entry);
    return new Listing(entries, page.end(), page.directory());
  }
}
