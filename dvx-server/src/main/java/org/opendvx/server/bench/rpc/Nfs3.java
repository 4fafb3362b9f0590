package org.opendvx.server.bench.rpc;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Numbers of NFSv3, MOUNT3 and portmap (RFC 1813, RFC 1833) and what replies have in common. */
public final class Nfs3 {
  public static final int PORTMAP_PROGRAM = 100_000;
  public static final int PORTMAP_VERSION = 2;
  public static final int PORTMAP_PORT = 111;
  public static final int PORTMAP_GETPORT = 3;
  public static final int PROTOCOL_TCP = 6;

  public static final int MOUNT_PROGRAM = 100_005;
  public static final int MOUNT_VERSION = 3;
  public static final int MOUNT_MNT = 1;

  public static final int PROGRAM = 100_003;
  public static final int VERSION = 3;
  public static final int NULL = 0;
  public static final int GETATTR = 1;
  public static final int SETATTR = 2;
  public static final int LOOKUP = 3;
  public static final int READ = 6;
  public static final int WRITE = 7;
  public static final int CREATE = 8;
  public static final int MKDIR = 9;
  public static final int REMOVE = 12;
  public static final int RMDIR = 13;
  public static final int READDIRPLUS = 17;
  public static final int FSINFO = 19;
  public static final int COMMIT = 21;

  public static final int OK = 0;
  public static final int ERR_NOENT = 2;
  public static final int ERR_EXIST = 17;
  public static final int ERR_JUKEBOX = 10_008;

  public static final int UNSTABLE = 0;
  public static final int DATA_SYNC = 1;
  public static final int FILE_SYNC = 2;

  /** Longest file handle of NFSv3. */
  public static final int HANDLE_LIMIT = 64;

  /** Bytes of a file's attributes (fattr3). */
  public static final int ATTRIBUTES = 84;

  /** Bytes of a write verifier. */
  public static final int VERIFIER = 8;

  private static final int WCC_BEFORE = 24;
  private static final int SIZE_IN_ATTRIBUTES = 20;

  private Nfs3() {}

  /** Steps over optional attributes and returns the file's size in them, or null. */
  public static @Nullable Long readSize(ByteBuffer in) throws RpcException {
    if (!Xdr.getBoolean(in)) {
      return null;
    }
    int start = in.position();
    Xdr.skip(in, ATTRIBUTES);
    return in.getLong(start + SIZE_IN_ATTRIBUTES);
  }

  /** Steps over optional attributes. */
  public static void skipAttributes(ByteBuffer in) throws RpcException {
    if (Xdr.getBoolean(in)) {
      Xdr.skip(in, ATTRIBUTES);
    }
  }

  /** Steps over the attributes before and after a change. */
  public static void skipChange(ByteBuffer in) throws RpcException {
    if (Xdr.getBoolean(in)) {
      Xdr.skip(in, WCC_BEFORE);
    }
    skipAttributes(in);
  }

  /** The name of a status, such as {@code NFS3ERR_NOSPC}. */
  public static String statusName(int status) {
    return switch (status) {
      case 0 -> "NFS3_OK";
      case 1 -> "NFS3ERR_PERM";
      case 2 -> "NFS3ERR_NOENT";
      case 5 -> "NFS3ERR_IO";
      case 6 -> "NFS3ERR_NXIO";
      case 13 -> "NFS3ERR_ACCES";
      case 17 -> "NFS3ERR_EXIST";
      case 18 -> "NFS3ERR_XDEV";
      case 19 -> "NFS3ERR_NODEV";
      case 20 -> "NFS3ERR_NOTDIR";
      case 21 -> "NFS3ERR_ISDIR";
      case 22 -> "NFS3ERR_INVAL";
      case 27 -> "NFS3ERR_FBIG";
      case 28 -> "NFS3ERR_NOSPC";
      case 30 -> "NFS3ERR_ROFS";
      case 31 -> "NFS3ERR_MLINK";
      case 63 -> "NFS3ERR_NAMETOOLONG";
      case 66 -> "NFS3ERR_NOTEMPTY";
      case 69 -> "NFS3ERR_DQUOT";
      case 70 -> "NFS3ERR_STALE";
      case 71 -> "NFS3ERR_REMOTE";
      case 10_001 -> "NFS3ERR_BADHANDLE";
      case 10_002 -> "NFS3ERR_NOT_SYNC";
      case 10_003 -> "NFS3ERR_BAD_COOKIE";
      case 10_004 -> "NFS3ERR_NOTSUPP";
      case 10_005 -> "NFS3ERR_TOOSMALL";
      case 10_006 -> "NFS3ERR_SERVERFAULT";
      case 10_007 -> "NFS3ERR_BADTYPE";
      case 10_008 -> "NFS3ERR_JUKEBOX";
      default -> "NFS status " + status;
    };
  }
}
