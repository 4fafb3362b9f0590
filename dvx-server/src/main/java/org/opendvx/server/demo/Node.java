package org.opendvx.server.demo;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.Target;
import org.opendvx.server.cli.NodeApi;
import org.opendvx.server.demo.nfs.ForeignClient;
import org.opendvx.server.process.Child;

/**
 * The running node, and the ways to it.
 *
 * @param process the node's own process
 * @param file how it is reached
 * @param drives its drive folders
 * @param api its REST interface
 * @param foreign NFS clients that are not ours
 * @param answersOnPort111 whether clients can ask port 111 for its ports
 */
record Node(
    Child process,
    NodeFile file,
    List<Path> drives,
    NodeApi api,
    ForeignClient foreign,
    boolean answersOnPort111) {
  private static final Duration CALL_LIMIT = Duration.ofSeconds(40);

  /** Who our own NFS clients say that they are. */
  static final Credentials WHO = new Credentials("dvx-demo", 0, 0);

  /** Its export, for our own NFS clients. */
  Target target() {
    return new Target(
        "127.0.0.1", file.export(), file.nfsPort(), file.mountPort(), WHO, CALL_LIMIT, false);
  }

  /** Where NFS listens. */
  InetSocketAddress nfs() {
    return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), file.nfsPort());
  }
}
