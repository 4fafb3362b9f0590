package org.opendvx.rhv.restore;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.FileKey;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.rhv.inventory.ImagePath;

/**
 * Tells whether a host holds sanlock's lease of a disk. The lease is a file beside the disk; its
 * first sector names the owner and has a time while it is held. It counts as long as that host
 * renews its own sector in the domain's {@code dom_md/ids}: a lease of a dead host holds nobody up.
 *
 * <p>The layout is {@code struct leader_record} of sanlock's on-disk format: little-endian, magic
 * at 0, owner at 32, time at 152. Sectors of 512 bytes, as on every NFS domain.
 */
public final class LeaseWatch {
  private static final int SECTOR = 512;
  private static final int RESOURCE_MAGIC = 0x06152010;
  private static final int SIZE_AT = 12;
  private static final int OWNER_AT = 32;
  private static final int TIME_AT = 152;
  private static final int MAX_HOSTS = 2000;
  private static final long STEP_MILLIS = 200;

  private final DomainFiles files;
  private final Duration observation;

  /**
   * A watch.
   *
   * @param observation how long to look at a host's sector; longer than a renewal takes
   */
  public LeaseWatch(Datastore datastore, Duration observation) {
    this.files = new DomainFiles(datastore);
    this.observation = observation;
  }

  /** A lease that is held. */
  private record HeldLease(String path, FileKey ids, int host) {}

  /**
   * Returns at once when no lease is held, else after the observation.
   *
   * @throws DvxException CONFLICT naming the lease whose owner is alive
   */
  public void requireReleased(VmDescription vm) {
    List<HeldLease> held = new ArrayList<>();
    for (VmDescription.VmDisk disk : vm.disks()) {
      for (String path : disk.chain()) {
        held(path).ifPresent(held::add);
      }
    }
    if (held.isEmpty()) {
      return;
    }
    List<byte[]> first = held.stream().map(this::sector).toList();
    long end = System.nanoTime() + observation.toNanos();
    while (System.nanoTime() - end < 0) {
      pause();
      for (int i = 0; i < held.size(); i++) {
        if (!Arrays.equals(first.get(i), sector(held.get(i)))) {
          throw DvxException.of(Kind.CONFLICT, "The disks of " + vm.name() + " are in use")
              .cause(
                  "Host "
                      + held.get(i).host()
                      + " holds the lease "
                      + held.get(i).path()
                      + " and is alive")
              .remedy("Wait until the engine's job on the disk is over, or power the machine off")
              .detail("lease", held.get(i).path())
              .build();
        }
      }
    }
  }

  private Optional<HeldLease> held(String disk) {
    Optional<ImagePath> image = ImagePath.parse(disk);
    Optional<FileKey> lease = files.find(disk + ".lease");
    if (image.isEmpty() || lease.isEmpty()) {
      return Optional.empty();
    }
    ByteBuffer leader =
        ByteBuffer.wrap(files.read(lease.get(), 0, SECTOR)).order(ByteOrder.LITTLE_ENDIAN);
    long owner = leader.getLong(OWNER_AT);
    boolean isHeld =
        leader.getInt(0) == RESOURCE_MAGIC
            && leader.getInt(SIZE_AT) == SECTOR
            && leader.getLong(TIME_AT) != 0
            && owner >= 1
            && owner <= MAX_HOSTS;
    String ids = image.get().domainPath() + "/dom_md/ids";
    return isHeld
        ? files.find(ids).map(key -> new HeldLease(disk + ".lease", key, (int) owner))
        : Optional.empty();
  }

  /** Where the owner says that it is alive. */
  private byte[] sector(HeldLease lease) {
    return files.read(lease.ids(), (long) (lease.host() - 1) * SECTOR, SECTOR);
  }

  private static void pause() {
    try {
      Thread.sleep(STEP_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, "The restore was interrupted").causedBy(e).build();
    }
  }
}
