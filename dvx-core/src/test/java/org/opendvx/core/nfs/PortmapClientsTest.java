package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The portmapper as libtirpc's clients see it, and registration with rpcbind. */
class PortmapClientsTest {

  @BeforeAll
  static void tools() {
    NetworkNamespace.require();
    ForeignTool.require("rpcinfo", "rpcbind");
    ForeignTool.require("showmount", "nfs-common");
    ForeignTool.require("unshare", "util-linux");
  }

  @Test
  void rpcinfoAndShowmountFindTheServer(@TempDir Path folder) throws Exception {
    try (NetworkNamespace network = NetworkNamespace.create(folder)) {
      network.startServer(20_490, "SERVED");
      String programs = network.run("rpcinfo", "-p", "127.0.0.1");
      assertTrue(programs.matches("(?s).*100003 +3 +tcp +20490 .*"), programs);
      assertTrue(programs.matches("(?s).*100005 +3 +udp +20490 .*"), programs);
      String addresses = network.run("rpcinfo", "127.0.0.1");
      assertTrue(addresses.contains("127.0.0.1.80.10"), addresses);
      String ready = network.run("rpcinfo", "-t", "127.0.0.1", "100003", "3");
      assertTrue(ready.contains("ready and waiting"), ready);
      ready = network.run("rpcinfo", "-u", "127.0.0.1", "100005", "3");
      assertTrue(ready.contains("ready and waiting"), ready);
      String exports = network.run("showmount", "-e", "127.0.0.1");
      assertTrue(exports.contains("/dvx 0.0.0.0/0"), exports);
    }
  }

  @Test
  void whereRpcbindHasThePortTheServerRegistersAndLeavesNothingBehind(@TempDir Path folder)
      throws Exception {
    try (NetworkNamespace network = NetworkNamespace.create(folder)) {
      // With a /run of its own, so that it does not touch this machine's rpcbind.
      network.start("unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /run && exec rpcbind -f -w");
      Waiting.until("rpcbind answers", () -> answers(network));
      network.startServer(20_490, "REGISTERED");
      String programs = network.run("rpcinfo", "-p", "127.0.0.1");
      assertTrue(programs.matches("(?s).*100003 +3 +tcp +20490 .*"), programs);
      assertTrue(programs.matches("(?s).*100005 +3 +tcp +20490 .*"), programs);
      network.stopLast();
      programs = network.run("rpcinfo", "-p", "127.0.0.1");
      assertFalse(programs.contains("100003"), programs);
      assertFalse(programs.contains("100005"), programs);
    }
  }

  private static boolean answers(NetworkNamespace network) throws Exception {
    try {
      network.run("rpcinfo", "-p", "127.0.0.1");
      return true;
    } catch (AssertionError e) {
      return false;
    }
  }
}
