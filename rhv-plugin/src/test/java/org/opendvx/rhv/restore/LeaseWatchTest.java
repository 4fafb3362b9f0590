package org.opendvx.rhv.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRestore;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvLab;

/** Leases as sanlock writes them, beside the disks of a machine that is said to be off. */
@Timeout(120)
class LeaseWatchTest {
  private static final int OWNER = 2;

  private final DomainStore store = new DomainStore();
  private final RhvLab lab = new RhvLab(store, "/rhv");
  private final Rhv rhv = lab.connect();
  private String web = "";
  private String disk = "";
  private String ids = "";

  @BeforeEach
  void machine() {
    String domain = lab.registered();
    web = lab.sim().machine("web", domain, 1 << 20);
    disk = lab.sim().path(Objects.requireNonNull(lab.sim().seen(web)).disks().getFirst());
    ids = "/rhv/" + domain + "/dom_md/ids";
    if (store.find(ids) == null) {
      store.create(ids, 1 << 20);
    }
  }

  @AfterEach
  void close() {
    lab.close();
    store.close();
  }

  /** The first sector as {@code sanlock direct init} and an owner leave it. */
  private static byte[] leader(int magic, long owner, long time) {
    ByteBuffer sector = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    sector.putInt(0, magic).putInt(4, 0x00060004).putInt(8, 0x10).putInt(12, 512);
    sector.putLong(16, 2000).putLong(24, 2000).putLong(32, owner).putLong(40, 1).putLong(152, time);
    return sector.array();
  }

  private void renew(long time) {
    store.write(ids, (OWNER - 1) * 512L, leader(0x12212010, OWNER, time));
  }

  private void watch(Duration observation) {
    VmDescription vm = rhv.describe(RhvLab.ref(web));
    new LeaseWatch(store.datastore(), observation).requireReleased(vm);
  }

  @Test
  void aLeaseThatIsFreeOrADeadHostsHoldsNobodyUp() {
    long start = System.nanoTime();
    watch(Duration.ofMinutes(10));
    store.write(disk + ".lease", 0, leader(0x06152010, 0, 0));
    watch(Duration.ofMinutes(10));
    assertTrue(System.nanoTime() - start < Duration.ofMinutes(1).toNanos(), "it waited");
    renew(1000);
    store.write(disk + ".lease", 0, leader(0x06152010, OWNER, 1000));
    watch(Duration.ofSeconds(1));
  }

  @Test
  void aRestoreInPlaceIsRefusedWhileALivingHostHoldsTheLease() throws Exception {
    VmSnapshots snapshots = new VmSnapshots(store.datastore(), List.of(), Clock.systemUTC());
    RestorePoint point =
        snapshots
            .create(
                rhv, new VmSnapshots.Request(RhvLab.ref(web), null, Map.of(), SnapshotPolicy.OFF))
            .point();
    store.write(disk, 0, new byte[] {1, 2, 3});
    byte[] now = store.read(disk);
    store.write(disk + ".lease", 0, leader(0x06152010, OWNER, 1000));
    AtomicBoolean stop = new AtomicBoolean();
    Thread host =
        Thread.ofVirtual()
            .start(
                () -> {
                  for (long time = 1001; !stop.get(); time++) {
                    renew(time);
                    try {
                      Thread.sleep(100);
                    } catch (InterruptedException e) {
                      return;
                    }
                  }
                });
    try {
      VmRestore restore = new VmRestore(store.datastore(), snapshots, Duration.ofMillis(100));
      DvxException e =
          assertThrows(
              DvxException.class,
              () ->
                  restore.restore(
                      rhv,
                      new VmRestore.Request(RhvLab.ref(web), point, false, false, RhvLab.LONG)));
      assertEquals(Kind.CONFLICT, e.kind());
      assertTrue(e.render().contains(".lease"), e.render());
      assertArrayEquals(now, store.read(disk), "nothing has changed");
    } finally {
      stop.set(true);
      host.join();
    }
  }
}
