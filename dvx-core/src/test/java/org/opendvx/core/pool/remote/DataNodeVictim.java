package org.opendvx.core.pool.remote;

import java.nio.file.Files;
import java.nio.file.Path;
import org.opendvx.core.pool.datanode.DataNodeServer;
import org.opendvx.core.pool.datanode.HostCoder;
import org.opendvx.core.pool.local.LocalPool;
import org.opendvx.core.pool.local.LocalPoolConfig;

/** A data node in a process of its own, to be killed. */
final class DataNodeVictim {
  private DataNodeVictim() {}

  /** Arguments: folder of the drives, port, key store file, fingerprint of the host, ready file. */
  public static void main(String[] args) throws Exception {
    LocalPoolConfig config = TestDataNode.config(Path.of(args[0]), 3);
    HostCoder coder = new HostCoder();
    LocalPool pool = LocalPool.open(config, coder);
    TestDataNode.Door door = new TestDataNode.Door();
    door.know(args[3], "host-a");
    DataNodeServer server =
        TestDataNode.serve(
            pool, coder, TestIdentity.read(Path.of(args[2])), door, Integer.parseInt(args[1]));
    Path draft = Path.of(args[4] + ".draft");
    Files.writeString(draft, Integer.toString(server.address().getPort()));
    Files.move(draft, Path.of(args[4]));
    Thread.currentThread().join();
  }
}
