package org.opendvx.vsphere;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tests for any vCenter against one that behaves as upstream's newest simulator does where it
 * differs from the one that we build, with its default inventory: a cluster and a host of its own.
 */
class SimulatedNewestVCenterTest extends RealVCenterTest {
  @TempDir static Path simulatorFolder;
  private static VCenterSimulator simulator;

  @BeforeAll
  static void startSimulator() throws IOException, InterruptedException {
    simulator =
        VCenterSimulator.start(simulatorFolder, "--newest", "--standalone", "1", "--vms", "2");
  }

  @AfterAll
  static void stopSimulator() throws IOException {
    if (simulator != null) {
      simulator.close();
      simulator.assertWhole();
    }
  }

  @Override
  RealVCenter open() {
    return RealVCenter.of(simulator.config("unused", Duration.ofSeconds(20)));
  }
}
