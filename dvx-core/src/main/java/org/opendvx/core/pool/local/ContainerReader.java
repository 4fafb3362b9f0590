package org.opendvx.core.pool.local;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads ranges of containers, through parity where a shard is missing or bad. */
final class ContainerReader {
  private static final Logger LOG = LoggerFactory.getLogger(ContainerReader.class);

  /** Read errors after which a drive is shut out: one bad sector is repaired, a few are a sign. */
  private static final int MOST_READ_ERRORS = 3;

  private final MembershipKeeper keeper;
  private final ShardReader shards;
  private final BadShardSink badShards;
  private final StripeCoder coder;

  /** Takes note of shards that should be written anew. */
  @FunctionalInterface
  interface BadShardSink {
    /** A shard whose drive is sound; must not block. */
    void bad(ContainerEntry entry, int shard);
  }

  ContainerReader(
      MembershipKeeper keeper, ShardReader shards, BadShardSink badShards, StripeCoder coder) {
    this.keeper = keeper;
    this.shards = shards;
    this.badShards = badShards;
    this.coder = coder;
  }

  /** Part of a shard, and where its bytes go. */
  private record Piece(int shard, int from, int length, int targetOffset) {}

  /** Reads a range that lies inside the container. */
  void read(ContainerEntry entry, int offset, int length, byte[] target, int targetOffset) {
    read(entry, offset, length, target, targetOffset, DriveIo.Lane.READ);
  }

  /** As {@link #read(ContainerEntry, int, int, byte[], int)}, on other threads of the drives. */
  void read(
      ContainerEntry entry,
      int offset,
      int length,
      byte[] target,
      int targetOffset,
      DriveIo.Lane lane) {
    int shardLength = entry.shape().shardLength();
    List<Piece> pieces = new ArrayList<>();
    int at = offset;
    while (at < offset + length) {
      int from = at % shardLength;
      int take = Math.min(shardLength - from, offset + length - at);
      pieces.add(new Piece(at / shardLength, from, take, targetOffset + at - offset));
      at += take;
    }
    for (Piece lost : readPieces(entry, pieces, target, lane)) {
      byte[] rebuilt = rebuild(entry, lost.shard(), lost.from(), lost.length(), lane);
      System.arraycopy(rebuilt, 0, target, lost.targetOffset(), lost.length());
    }
  }

  /** Reads pieces at once; those that failed are returned. */
  private List<Piece> readPieces(
      ContainerEntry entry, List<Piece> pieces, byte[] target, DriveIo.Lane lane) {
    PoolView view = keeper.view();
    List<DriveIo.@Nullable Pending<Void>> pending = new ArrayList<>(pieces.size());
    for (Piece piece : pieces) {
      Drive drive = view.drive(entry.drive(piece.shard()));
      pending.add(
          drive == null
              ? null
              : start(
                  lane,
                  drive,
                  entry.name(piece.shard()),
                  piece.from(),
                  piece.length(),
                  target,
                  piece.targetOffset()));
    }
    List<Piece> failed = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      Piece piece = pieces.get(i);
      DriveIo.Pending<Void> read = pending.get(i);
      Drive drive = view.drive(entry.drive(piece.shard()));
      if (read == null || drive == null || !succeeds(entry, piece.shard(), drive, read, lane)) {
        failed.add(piece);
      }
    }
    return failed;
  }

  private DriveIo.Pending<Void> start(
      DriveIo.Lane lane,
      Drive drive,
      ShardName name,
      int from,
      int length,
      byte[] target,
      int targetOffset) {
    return drive
        .io()
        .start(
            lane,
            ticket -> {
              shards.read(ticket, drive, name, from, length, target, targetOffset);
              return null;
            });
  }

  private boolean succeeds(
      ContainerEntry entry, int shard, Drive drive, DriveIo.Pending<Void> read, DriveIo.Lane lane) {
    try {
      read.await(drive.io().deadline(lane));
      return true;
    } catch (IOException e) {
      judge(entry, shard, drive, e);
      return false;
    }
  }

  /** Decides what a failed read says about the shard and about the drive. */
  private void judge(ContainerEntry entry, int shard, Drive drive, IOException error) {
    if (!keeper.view().uses(drive)) {
      return;
    }
    if (error instanceof DriveTimeoutException) {
      keeper.shutOut(drive, "a read: " + IoErrors.brief(error));
      return;
    }
    LOG.warn(
        "Shard {} of container {} on {} cannot be read: {}",
        shard,
        entry.id(),
        drive,
        IoErrors.brief(error));
    boolean sound = error instanceof BadShardException || error instanceof NoSuchFileException;
    if (!sound && drive.readErrors().incrementAndGet() >= MOST_READ_ERRORS) {
      keeper.shutOut(drive, "reads fail: " + IoErrors.brief(error));
      return;
    }
    try {
      drive
          .io()
          .call(
              DriveIo.Lane.CONTROL,
              _ -> {
                drive.checkPresent();
                return null;
              });
      badShards.bad(entry, shard);
    } catch (IOException gone) {
      keeper.shutOut(drive, IoErrors.brief(gone));
    }
  }

  /**
   * Rebuilds a range of a shard from the same range of others.
   *
   * @throws DvxException CORRUPT or UNAVAILABLE when too few others can be read
   */
  byte[] rebuild(ContainerEntry entry, int wanted, int from, int length, DriveIo.Lane lane) {
    return rebuild(entry, List.of(wanted), from, length, lane).getFirst();
  }

  /** A whole shard: as it is, or else rebuilt. */
  byte[] shard(ContainerEntry entry, int shard, DriveIo.Lane lane) {
    int length = entry.shape().shardLength();
    byte[] bytes = new byte[length];
    List<Piece> piece = List.of(new Piece(shard, 0, length, 0));
    return readPieces(entry, piece, bytes, lane).isEmpty()
        ? bytes
        : rebuild(entry, shard, 0, length, lane);
  }

  /**
   * Rebuilds a range of several shards from the same range of others, which is read once.
   *
   * @return in the order of those wanted
   * @throws DvxException CORRUPT or UNAVAILABLE when too few others can be read
   */
  List<byte[]> rebuild(
      ContainerEntry entry, List<Integer> wanted, int from, int length, DriveIo.Lane lane) {
    StripeShape shape = entry.shape();
    byte[] @Nullable [] ranges = new byte[shape.dataShards() + Quorum.PARITY][];
    int have = 0;
    int unusable = 0;
    int next = 0;
    while (have < shape.dataShards()) {
      List<Piece> tries = new ArrayList<>();
      for (; next < shape.shards() && have + tries.size() < shape.dataShards(); next++) {
        if (wanted.contains(next)) {
          continue;
        }
        int drive = entry.drive(next);
        if (drive != DriveSet.ABSENT && keeper.view().drive(drive) != null) {
          tries.add(new Piece(next, from, length, 0));
        } else {
          unusable++;
        }
      }
      if (tries.isEmpty()) {
        throw tooFew(entry, wanted, have, unusable);
      }
      have += readRanges(entry, tries, ranges, lane);
    }
    List<byte[]> rebuilt = new ArrayList<>(wanted.size());
    for (int shard : wanted) {
      rebuilt.add(coder.rebuild(shape.dataShards(), ranges, shard, length));
    }
    return rebuilt;
  }

  private int readRanges(
      ContainerEntry entry, List<Piece> tries, byte[] @Nullable [] ranges, DriveIo.Lane lane) {
    PoolView view = keeper.view();
    List<DriveIo.@Nullable Pending<Void>> pending = new ArrayList<>(tries.size());
    List<byte[]> targets = new ArrayList<>(tries.size());
    for (Piece piece : tries) {
      byte[] target = new byte[piece.length()];
      targets.add(target);
      Drive drive = view.drive(entry.drive(piece.shard()));
      pending.add(
          drive == null
              ? null
              : start(
                  lane, drive, entry.name(piece.shard()), piece.from(), piece.length(), target, 0));
    }
    int good = 0;
    for (int i = 0; i < tries.size(); i++) {
      int shard = tries.get(i).shard();
      Drive drive = view.drive(entry.drive(shard));
      DriveIo.Pending<Void> read = pending.get(i);
      if (drive != null && read != null && succeeds(entry, shard, drive, read, lane)) {
        ranges[shard] = targets.get(i);
        good++;
      }
    }
    return good;
  }

  private DvxException tooFew(ContainerEntry entry, List<Integer> wanted, int have, int unusable) {
    boolean absent = have + unusable >= entry.shape().dataShards();
    return DvxException.of(absent ? Kind.UNAVAILABLE : Kind.CORRUPT, "A container cannot be read")
        .cause(
            "Shard "
                + wanted.getFirst()
                + " is not readable, and of the others "
                + have
                + " are good where "
                + entry.shape().dataShards()
                + " are needed")
        .remedy("Bring missing drives back")
        .detail("container", entry.id())
        .detail("not usable", keeper.view().reasons())
        .build();
  }
}
