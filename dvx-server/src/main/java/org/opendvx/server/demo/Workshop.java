package org.opendvx.server.demo;

import java.nio.file.Path;
import org.opendvx.server.process.Cleanup;
import org.opendvx.server.process.Program;

/**
 * What all steps share.
 *
 * @param home the source tree
 * @param folder for everything that is made; removed at the end
 * @param keep whether everything stays at the end
 * @param nodeHeap of the node, as -Xmx has it; empty for what Java chooses
 */
record Workshop(
    Path home,
    Path folder,
    Scale scale,
    boolean keep,
    String nodeHeap,
    Narrator narrator,
    Program programs,
    Cleanup cleanup) {

  /** A path below the folder. */
  Path path(String name) {
    return folder.resolve(name);
  }
}
