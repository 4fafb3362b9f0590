package org.opendvx.vsphere;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor.DatastoreMount;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.VmRef;

/** A machine that asks something when it is powered on. */
@Timeout(120)
class SimulatedQuestionTest {
  private static final String VM = "DC0_C0_RP0_VM0";
  private static final Duration LIMIT = Duration.ofSeconds(40);

  @TempDir Path folder;
  private VCenterSimulator simulator;
  private VSphere vcenter;
  private VmRef vm;

  @BeforeEach
  void start() throws IOException, InterruptedException {
    simulator = VCenterSimulator.start(folder, "--vms", "1", "--autostart=false");
    vcenter = simulator.connect();
    vm = vcenter.vms().getFirst().ref();
  }

  @AfterEach
  void stop() throws IOException {
    vcenter.close();
    simulator.close();
    simulator.assertWhole();
  }

  @Test
  void aMachineInANewPlaceKeepsItsIdentity() throws IOException, InterruptedException {
    String before = vcenter.describe(vm).biosUuid();
    simulator.ask(VM, "uuid");
    vcenter.powerOn(vm, LIMIT);
    assertEquals(PowerState.ON, vcenter.describe(vm).power());
    assertEquals(before, vcenter.describe(vm).biosUuid(), "it is the machine that it was");
    assertEquals(1, simulator.calls("AnswerVM"));
    assertEquals(1, simulator.calls("PowerOnVM_Task"));
  }

  @Test
  void aCopyGetsAnIdentityOfItsOwn() throws IOException, InterruptedException {
    vcenter.registerDatastore(
        new DatastoreMount("dvx", "127.0.0.1", "/dvx", _ -> "", ""), List.of());
    Path home = Files.createDirectories(simulator.volume("dvx").resolve("copy"));
    Files.writeString(
        home.resolve("copy.vmx"),
        """
        displayName = "copy"
        uuid.bios = "56 4d 11 22 33 44 55 66-77 88 99 aa bb cc dd ee"
        uuid.action = "create"
        """);
    VmRef copy = vcenter.register("/copy/copy.vmx", "copy", vm, LIMIT);
    String before = vcenter.describe(copy).biosUuid();
    simulator.ask("copy", "uuid");
    vcenter.powerOn(copy, LIMIT);
    assertEquals(PowerState.ON, vcenter.describe(copy).power());
    assertNotEquals(before, vcenter.describe(copy).biosUuid());
    assertEquals(1, simulator.calls("AnswerVM"));
  }

  @Test
  void anAnswerIsGivenThroughALostSessionAndADroppedConnection()
      throws IOException, InterruptedException {
    simulator.ask(VM, "uuid");
    simulator.dropSessions();
    simulator.faults(Map.of("dropped", "1", "methods", "RetrievePropertiesEx"));
    vcenter.powerOn(vm, LIMIT);
    assertEquals(PowerState.ON, vcenter.describe(vm).power());
    assertEquals(1, simulator.calls("AnswerVM"));
  }

  @Test
  void anAnswerThatVCenterTookAndDidNotConfirmIsNotAnError()
      throws IOException, InterruptedException {
    simulator.ask(VM, "uuid");
    simulator.faults(Map.of("dropped-late", "1", "methods", "AnswerVM"));
    vcenter.powerOn(vm, LIMIT);
    assertEquals(PowerState.ON, vcenter.describe(vm).power());
    assertEquals(1, simulator.calls("AnswerVM"));
  }

  @Test
  void anotherQuestionIsLeftToAPerson() throws IOException, InterruptedException {
    simulator.ask(VM, "lock");
    DvxException e = assertThrows(DvxException.class, () -> vcenter.powerOn(vm, LIMIT));
    assertEquals(Kind.CONFLICT, e.kind());
    assertTrue(e.render().contains("The disk is locked"), e.render());
    assertEquals(0, simulator.calls("AnswerVM"));
    assertEquals(PowerState.OFF, vcenter.describe(vm).power());
  }
}
