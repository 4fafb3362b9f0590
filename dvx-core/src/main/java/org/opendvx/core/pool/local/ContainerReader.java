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
    int shardLength = entry.shape().shardLength();
    List<Piece> pieces = new ArrayList<>();
    int at = offset;
    while (at < offset + length) {
      int from = at % shardLength;
      int take = Math.min(shardLength - from, offset + length - at);
      pieces.add(new Piece(at / shardLength, from, take, targetOffset + at - offset));
      at += take;
    }
    for (Piece lost : readPieces(entry, pieces, target)) {
      byte[] rebuilt = rebuild(entry, lost.shard(), lost.from(), lost.length());
      System.arraycopy(rebuilt, 0, target, lost.targetOffset(), lost.length());
    }
  }

  /** Reads pieces at once; those that failed are returned. */
  private List<Piece> readPieces(ContainerEntry entry, List<Piece> pieces, byte[] target) {
    PoolView view = keeper.view();
    List<DriveIo.@Nullable Pending<Void>> pending = new ArrayList<>(pieces.size());
    for (Piece piece : pieces) {
      Drive drive = view.drive(entry.drive(piece.shard()));
      pending.add(
          drive == null
              ? null
              : start(
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
      if (read == null || drive == null || !succeeds(entry, piece.shard(), drive, read)) {
        failed.add(piece);
      }
    }
    return failed;
  }

  private DriveIo.Pending<Void> start(
      Drive drive, ShardName name, int from, int length, byte[] target, int targetOffset) {
    return drive
        .io()
        .start(
            DriveIo.Lane.READ,
            ticket -> {
              shards.read(ticket, drive, name, from, length, target, targetOffset);
              return null;
            });
  }

  private boolean succeeds(
      ContainerEntry entry, int shard, Drive drive, DriveIo.Pending<Void> read) {
    try {
      read.await(drive.io().deadline());
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
  byte[] rebuild(ContainerEntry entry, int wanted, int from, int length) {
    StripeShape shape = entry.shape();
    byte[] @Nullable [] ranges = new byte[shape.dataShards() + Quorum.PARITY][];
    int have = 0;
    int unusable = 0;
    int next = 0;
    while (have < shape.dataShards()) {
      List<Piece> tries = new ArrayList<>();
      for (; next < shape.shards() && have + tries.size() < shape.dataShards(); next++) {
        if (next == wanted) {
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
      have += readRanges(entry, tries, ranges);
    }
    return coder.rebuild(shape.dataShards(), ranges, wanted, length);
  }

  private int readRanges(ContainerEntry entry, List<Piece> tries, byte[] @Nullable [] ranges) {
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
              : start(drive, entry.name(piece.shard()), piece.from(), piece.length(), target, 0));
    }
    int good = 0;
    for (int i = 0; i < tries.size(); i++) {
      int shard = tries.get(i).shard();
      Drive drive = view.drive(entry.drive(shard));
      DriveIo.Pending<Void> read = pending.get(i);
      if (drive != null && read != null && succeeds(entry, shard, drive, read)) {
        ranges[shard] = targets.get(i);
        good++;
      }
    }
    return good;
  }

  private DvxException tooFew(ContainerEntry entry, int wanted, int have, int unusable) {
    boolean absent = have + unusable >= entry.shape().dataShards();
    return DvxException.of(absent ? Kind.UNAVAILABLE : Kind.CORRUPT, "A container cannot be read")
        .cause(
            "Shard "
                + wanted
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
