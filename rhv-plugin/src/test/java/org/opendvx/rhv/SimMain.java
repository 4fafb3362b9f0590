package org.opendvx.rhv;

import java.nio.file.Files;
import java.nio.file.Path;
import org.opendvx.rhv.sim.SimEngine;

/** Runs the simulated engine by hand, until its standard input ends. */
public final class SimMain {
  private SimMain() {}

  /**
   * Starts an engine with two hosts.
   *
   * @param arguments a folder for its CA and password
   */
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    try (DomainStore store = new DomainStore();
        SimEngine engine = new SimEngine(store, "/rhv")) {
      engine.lab().host("host1", "192.0.2.1");
      engine.lab().host("host2", "192.0.2.2");
      Path ca = engine.ca().writePem(folder);
      Path password = Files.writeString(folder.resolve("password"), "secret\n");
      System.out.println("export DVX_TEST_OVIRT_URL=" + engine.url());
      System.out.println("export DVX_TEST_OVIRT_USER=admin@internal");
      System.out.println("export DVX_TEST_OVIRT_PASSWORD_FILE=" + password);
      System.out.println("export DVX_TEST_OVIRT_CA=" + ca);
      System.out.println("export DVX_TEST_OVIRT_CLUSTER=Default");
      System.out.println("export DVX_TEST_NFS_HOST=127.0.0.1");
      System.out.flush();
      while (System.in.read() >= 0) {
        // Until the end of input.
      }
      engine.violations().forEach(System.out::println);
    }
  }
}
