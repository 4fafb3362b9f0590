package org.opendvx.core.nfs.mount;

import java.nio.charset.StandardCharsets;
import org.opendvx.core.nfs.xdr.XdrReader;

/** Paths as clients write them in MOUNT calls. */
final class MountPaths {
  private static final int MAX_LENGTH = 1024;

  private MountPaths() {}

  /** Reads a path: one leading slash, none at the end, none doubled. */
  static String read(XdrReader in) {
    String raw = new String(in.readOpaque(MAX_LENGTH), StandardCharsets.UTF_8);
    StringBuilder path = new StringBuilder();
    for (String part : raw.split("/", -1)) {
      if (!part.isEmpty()) {
        path.append('/').append(printable(part));
      }
    }
    return path.isEmpty() ? "/" : path.toString();
  }

  /** Whether a part is {@code .} or {@code ..}: names that are not looked up in a mount. */
  static boolean hasDots(String path) {
    String closed = path + "/";
    return closed.contains("/./") || closed.contains("/../");
  }

  /** Control characters do not belong in logs; no name with one is found then. */
  private static String printable(String part) {
    return part.codePoints().anyMatch(Character::isISOControl)
        ? part.replaceAll("\\p{Cntrl}", "\ufffd")
        : part;
  }
}
