package org.opendvx.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.demo.VCenterStart.VCenter;
import org.opendvx.server.process.Trees;
import org.opendvx.server.simulator.EsxMachine;
import org.opendvx.server.simulator.MachineTexts;

/** What both machines need: a folder, the small files, a place in vCenter's inventory. */
final class MachineMaker {
  private static final Duration COPY_LIMIT = Duration.ofSeconds(20);

  private final Workshop shop;
  private final Node node;

  MachineMaker(Workshop shop, Node node) {
    this.shop = shop;
    this.node = node;
  }

  /** Makes the machine's folder; returns its handle. */
  byte[] folder(NfsSession session, EsxMachine machine) throws IOException {
    return session.makeDirectory(session.root(), machine.name()).handle();
  }

  /** Copies the small files there with nfs-cp; returns how many. */
  int texts(EsxMachine machine) throws IOException, InterruptedException {
    Path local = Files.createTempDirectory(shop.folder(), "texts-");
    try {
      int count = 0;
      for (String name : new MachineTexts(machine).write(local)) {
        node.foreign().put(local.resolve(name), machine.folder() + "/" + name, COPY_LIMIT);
        count++;
      }
      return count;
    } finally {
      Trees.delete(local);
    }
  }

  /** Registers the machine and switches it on, and sees that the simulator read it over NFS. */
  void register(EsxMachine machine, VCenter vcenter) {
    Path local = vcenter.simulator().volume(NodeStart.DATASTORE).resolve(machine.name());
    if (Files.exists(local)) {
      throw DvxException.of(Kind.INTERNAL, "vCenter has the files before they were fetched")
          .detail("folder", local)
          .build();
    }
    vcenter.administrator().registerAndStart(machine);
    if (!vcenter.administrator().runs(machine.name())) {
      throw DvxException.of(Kind.INTERNAL, machine.name() + " does not run in vCenter").build();
    }
    if (!Files.exists(local.resolve(machine.name() + ".vmx"))) {
      throw DvxException.of(Kind.INTERNAL, "vCenter did not fetch the machine's files over NFS")
          .detail("folder", local)
          .build();
    }
  }
}
