package org.opendvx.core.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.AttributeChange;
import org.opendvx.core.datastore.Caller;
import org.opendvx.core.datastore.Datastore.Existing;
import org.opendvx.core.datastore.Datastore.NewFile;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.testing.InMemoryDatastore;

/** A machine's files follow it, to the node that is meant and no other. */
final class VmFollowerTest {
  private static final VmRef VM = new VmRef("fake", "vm-1");
  private static final Instant NOW = Instant.EPOCH;

  private final InMemoryDatastore datastore = new InMemoryDatastore();
  private final FakeHypervisor hypervisor = new FakeHypervisor();
  private final List<FileKey> moved = new ArrayList<>();
  private final List<Long> confirmed = new ArrayList<>();
  private long moment = 7;
  private final VmFollower follower =
      new VmFollower(
          Set.of("esx-2", "10.0.0.2"),
          _ -> hypervisor,
          datastore,
          moved::addAll,
          new VmFollower.Confirmation() {
            @Override
            public long moment() {
              return moment++;
            }

            @Override
            public void confirm(Collection<Long> files, long asOf) {
              assertEquals(moment - 1, asOf);
              confirmed.addAll(files);
            }
          },
          Runnable::run);

  private FileKey machine() {
    return machine("esx-2");
  }

  private FileKey machine(String host) {
    FileKey folder = make(FileKey.ROOT, "web", NewFile.directory(AttributeChange.mode(0755)));
    FileKey disk = make(folder, "web.vmx", NewFile.regular(AttributeChange.mode(0644)));
    hypervisor.machines.put(
        VM,
        new VmDescription(
            VM,
            "web",
            PowerState.ON,
            host,
            "",
            "",
            List.of("/web/web.vmx"),
            List.of(),
            List.of(),
            "/web/web.vmx",
            Map.of(),
            false));
    return disk;
  }

  private FileKey make(FileKey directory, String name, NewFile file) {
    return datastore
        .create(
            Caller.SYSTEM,
            directory,
            name.getBytes(StandardCharsets.UTF_8),
            file,
            new Existing.Refuse())
        .join()
        .key();
  }

  @Test
  void filesFollowToTheTarget() {
    FileKey disk = machine();
    follower.accept(new VmMobility.AboutToMove(VM, "web", NOW, "esx-1", "esx-2"));
    assertEquals(List.of(), moved);
    follower.accept(new VmMobility.Moved(VM, "web", NOW, "esx-1", "esx-2"));
    assertEquals(List.of(disk), moved);
    follower.accept(new VmMobility.RestartedElsewhere(VM, "web", NOW, "esx-1", "esx-2"));
    assertEquals(List.of(disk.file(), disk.file()), confirmed);
  }

  @Test
  void anOldEventConfirmsNothing() {
    FileKey disk = machine("esx-3");
    follower.accept(new VmMobility.Moved(VM, "web", NOW, "esx-1", "esx-2"));
    assertEquals(List.of(disk), moved);
    assertEquals(List.of(), confirmed);
  }

  @Test
  void filesDoNotFollowElsewhere() {
    FileKey _ = machine();
    follower.accept(new VmMobility.Moved(VM, "web", NOW, "esx-2", "esx-3"));
    follower.accept(new VmMobility.PoweredOff(VM, "web", NOW, "esx-2"));
    follower.accept(new VmMobility.HostLost(VM, "web", NOW, "esx-2"));
    follower.accept(new VmMobility.HostLost(VM, "web", NOW, "esx-1"));
    assertEquals(List.of(), moved);
    assertEquals(List.of(), confirmed);
  }

  @Test
  void aMachineThatIsUnknownIsNoFailure() {
    follower.accept(new VmMobility.PoweredOn(VM, "web", NOW, "esx-2"));
    assertEquals(List.of(), moved);
  }
}
