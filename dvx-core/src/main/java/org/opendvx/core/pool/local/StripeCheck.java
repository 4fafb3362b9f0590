package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Whether the shards of a container are what was written, and agree with each other. */
final class StripeCheck {
  private final UUID pool;
  private final MembershipKeeper keeper;
  private final LocalContainerStore containers;

  /** A shard's bytes, or what is wrong with it. */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier within this class; never compared
  private record Shard(byte @Nullable [] bytes, String problem) {}

  StripeCheck(UUID pool, MembershipKeeper keeper, LocalContainerStore containers) {
    this.pool = pool;
    this.keeper = keeper;
    this.containers = containers;
  }

  /** See {@link DriveCare#check}. */
  List<String> check(long id) {
    ContainerEntry entry = containers.index().get(id);
    if (entry == null) {
      return List.of();
    }
    List<String> problems = new ArrayList<>();
    byte[] @Nullable [] shards = read(entry, problems);
    ContainerEntry now = containers.index().get(id);
    if (now == null || !now.equals(entry)) {
      // Deleted, moved or mended meanwhile.
      return now == null || problems.isEmpty() ? List.of() : check(id);
    }
    if (problems.isEmpty() && entry.shape().parityShards() > 0) {
      parity(entry, shards, problems);
    }
    return problems;
  }

  private byte[] @Nullable [] read(ContainerEntry entry, List<String> problems) {
    PoolView view = keeper.view();
    int count = entry.shape().shards();
    List<DriveIo.@Nullable Pending<Shard>> pending = new ArrayList<>(count);
    for (int shard = 0; shard < count; shard++) {
      Drive drive = view.drive(entry.drive(shard));
      ShardName name = entry.name(shard);
      pending.add(
          drive == null
              ? null
              : drive.io().start(DriveIo.Lane.BACKGROUND, _ -> shard(drive, name)));
    }
    byte[] @Nullable [] shards = new byte[count][];
    for (int shard = 0; shard < count; shard++) {
      Drive drive = view.drive(entry.drive(shard));
      DriveIo.Pending<Shard> read = pending.get(shard);
      String problem = "no drive in use has it";
      if (drive != null && read != null) {
        try {
          Shard found = read.await(drive.io().deadline(DriveIo.Lane.BACKGROUND));
          shards[shard] = found.bytes();
          problem = found.problem().isEmpty() ? "" : "on " + drive + ": " + found.problem();
        } catch (IOException e) {
          problem = "on " + drive + ": " + IoErrors.brief(e);
        }
      }
      if (!problem.isEmpty()) {
        problems.add("container " + entry.id() + ", shard " + shard + ": " + problem);
      }
    }
    return shards;
  }

  private Shard shard(Drive drive, ShardName name) throws IOException {
    Scrubber.Damage damage = Scrubber.damage(pool, drive, name);
    if (damage != null) {
      return new Shard(null, damage.what() + ", at " + damage.offset());
    }
    byte[] bytes = new byte[name.shape().shardLength()];
    try (DriveFile file = drive.folder().open(name.path(), false)) {
      file.read(ByteBuffer.wrap(bytes), ShardHeader.BYTES);
    }
    return new Shard(bytes, "");
  }

  private static void parity(
      ContainerEntry entry, byte[] @Nullable [] shards, List<String> problems) {
    StripeShape shape = entry.shape();
    int length = shape.shardLength();
    byte[] data = new byte[shape.dataShards() * length];
    for (int shard = 0; shard < shape.dataShards(); shard++) {
      byte[] bytes = shards[shard];
      if (bytes != null) {
        System.arraycopy(bytes, 0, data, shard * length, length);
      }
    }
    byte[][] parity = new byte[Quorum.PARITY][length];
    StripeCoder.HERE.encode(shape.dataShards(), data, data.length, length, parity[0], parity[1]);
    for (int i = 0; i < shape.parityShards(); i++) {
      if (!Arrays.equals(parity[i], shards[shape.dataShards() + i])) {
        problems.add(
            "container "
                + entry.id()
                + ": the parity in shard "
                + (shape.dataShards() + i)
                + " is not that of its data");
      }
    }
  }
}
