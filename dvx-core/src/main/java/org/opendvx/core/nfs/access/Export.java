package org.opendvx.core.nfs.access;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * A directory of the datastore that clients may mount.
 *
 * @param path under which clients mount it, such as {@code /dvx}
 * @param directory its place in the datastore, such as {@code /}; made when missing
 * @param clients who may use it; nobody else gets an answer other than "denied"
 * @param owner as whom every client acts and to whom the directory belongs (oVirt wants 36:36),
 *     null to take the ids that clients send
 * @param readOnly refuses every change
 * @param squashRoot treats uid 0 of clients as nobody; ESXi cannot work with this
 */
public record Export(
    String path,
    String directory,
    List<ClientNetwork> clients,
    @Nullable Owner owner,
    boolean readOnly,
    boolean squashRoot) {
  private static final int MAX_PATH = 1024;

  /** A user and a group id. */
  public record Owner(int uid, int gid) {}

  /** Checks the paths and takes a copy of the list. */
  public Export {
    checkPath("export path", path);
    checkPath("exported directory", directory);
    clients = List.copyOf(clients);
  }

  /** The whole datastore under a path, writable, for this machine's clients. */
  public static Export loopback(String path) {
    return new Export(path, "/", ClientNetwork.LOOPBACK, null, false, false);
  }

  /**
   * The number that file handles carry: made from the path, so that it is the same after a restart
   * and on every host.
   */
  public int id() {
    CRC32C crc = new CRC32C();
    crc.update(path.getBytes(StandardCharsets.UTF_8));
    return (int) crc.getValue();
  }

  /** Whether a client may use it. */
  public boolean allows(ClientAddress client) {
    for (int i = 0; i < clients.size(); i++) {
      if (clients.get(i).contains(client)) {
        return true;
      }
    }
    return false;
  }

  private static void checkPath(String what, String path) {
    boolean good =
        path.equals("/")
            || (path.startsWith("/")
                && !path.endsWith("/")
                && path.length() <= MAX_PATH
                && path.indexOf('\0') < 0
                && !path.contains("//")
                && !(path + "/").contains("/../")
                && !(path + "/").contains("/./"));
    if (!good) {
      throw DvxException.of(Kind.INVALID, "\"" + path + "\" cannot be an " + what)
          .cause("It must start with a slash, not end with one, and have no empty or dot parts")
          .remedy("Write it like /dvx")
          .build();
    }
  }
}
