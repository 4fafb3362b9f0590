package org.opendvx.core.datastore;

import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.fuzz.Checks;
import org.opendvx.core.fuzz.FuzzTarget;
import org.opendvx.core.tree.RootRef;

/** Inodes. */
public final class InodeFuzz implements FuzzTarget {
  static final InodeImage IMAGE =
      new InodeImage(
          FileType.REGULAR, 0644, 1, 2, 3, 4, 5, 6, 7, 8, 9L, 0, Links.of(1, 99), new byte[0]);

  /** Found by name. */
  public InodeFuzz() {}

  @Override
  public String name() {
    return "inode";
  }

  @Override
  public List<byte[]> seeds() {
    InodeImage link =
        InodeImage.fresh(FileType.SYMLINK, 0777, 0, 0, 0, 55)
            .withSymlink(new byte[] {'x', '/', 'y'})
            .withLinks(Links.of(1, 16).plus(7, 32));
    return List.of(
        InodeCodec.encodeStored(IMAGE, new RootRef(1, 2, 3)),
        InodeCodec.encodeStored(link, RootRef.EMPTY));
  }

  @Override
  public void check(byte[] input) {
    try {
      InodeCodec.Stored stored = InodeCodec.decodeStored(input);
      byte[] written = InodeCodec.encodeStored(stored.image(), stored.content());
      InodeCodec.Stored again = InodeCodec.decodeStored(written);
      Checks.same(written, InodeCodec.encodeStored(again.image(), again.content()), "an inode");
    } catch (DvxException e) {
      Checks.refused(e);
    }
  }
}
