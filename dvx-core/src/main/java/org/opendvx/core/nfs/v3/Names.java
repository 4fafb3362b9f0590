package org.opendvx.core.nfs.v3;

import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.nfs.xdr.XdrReader;

/** Reads and checks file names. */
final class Names {
  /** Longer ones are malformed; between this and the datastore's limit they are "too long". */
  private static final int MAX_WIRE = 4096;

  private Names() {}

  static byte[] read(XdrReader in) {
    return in.readOpaque(MAX_WIRE);
  }

  /** Refuses what cannot name anything. */
  static byte[] check(byte[] name) {
    if (name.length == 0) {
      throw new Nfs3Exception(Nfs3Status.INVAL);
    }
    if (name.length > Datastore.MAX_NAME) {
      throw new Nfs3Exception(Nfs3Status.NAMETOOLONG);
    }
    for (byte each : name) {
      if (each == 0 || each == '/') {
        throw new Nfs3Exception(Nfs3Status.INVAL);
      }
    }
    return name;
  }

  /**
   * Refuses what cannot name a directory entry that is made or taken away.
   *
   * @param forDots the answer for {@code .} and {@code ..}
   */
  static byte[] checkEntry(byte[] name, Nfs3Status forDots) {
    if (isDot(name) || isDotDot(name)) {
      throw new Nfs3Exception(forDots);
    }
    return check(name);
  }

  static boolean isDot(byte[] name) {
    return name.length == 1 && name[0] == '.';
  }

  static boolean isDotDot(byte[] name) {
    return name.length == 2 && name[0] == '.' && name[1] == '.';
  }
}
