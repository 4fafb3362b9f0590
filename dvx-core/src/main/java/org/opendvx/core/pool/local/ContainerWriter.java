package org.opendvx.core.pool.local;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts containers. First every shard is made durable under a temporary name, then all are renamed:
 * so a shard with its final name proves that all shards of the attempt were durable once, and
 * opening the pool can finish what a crash cut short. A drive that fails before the renaming costs
 * a new attempt on the others; one that fails during it is as good as lost right after the put.
 */
final class ContainerWriter {
  private static final Logger LOG = LoggerFactory.getLogger(ContainerWriter.class);

  private final UUID pool;
  private final MembershipKeeper keeper;
  private final Room room;
  private final Ballast ballast;
  private final StripeCoder coder;
  private final ConcurrentLinkedDeque<Parity> parities = new ConcurrentLinkedDeque<>();

  /** The bytes of a container, and its parity if somebody else has computed it. */
  @SuppressWarnings("ArrayRecordComponent") // a value carrier within this class; never compared
  private record Content(byte[] bytes, int at, int length, @Nullable CodedContainer coded) {}

  private static final class Parity {
    private byte[] p = new byte[0];
    private byte[] q = new byte[0];

    private void fit(int bytes) {
      if (p.length < bytes) {
        p = new byte[bytes];
        q = new byte[bytes];
      }
    }
  }

  ContainerWriter(
      UUID pool, MembershipKeeper keeper, Room room, Ballast ballast, StripeCoder coder) {
    this.ballast = ballast;
    this.pool = pool;
    this.keeper = keeper;
    this.room = room;
    this.coder = coder;
  }

  /** The shape of a new container now. */
  StripeShape shape(int length) {
    PoolView view = keeper.view();
    return StripeShape.forDrives(length, view.placeable().size(), view.membership().size());
  }

  /** What is done around the publishing of a container, when all of its shards are durable. */
  @FunctionalInterface
  interface Publication {
    /** Runs the supplier, which publishes; or throws, and nothing is published. */
    ContainerEntry around(Supplier<ContainerEntry> publish);
  }

  /** Writes a container; where it is now, durably. */
  ContainerEntry write(long id, byte[] content, int length) {
    return write(id, new Content(content, 0, length, null), Supplier::get);
  }

  /** Writes a container that is there already once more, in the shape of a new one. */
  ContainerEntry rewrite(long id, byte[] content, int length, Publication publication) {
    return write(id, new Content(content, 0, length, null), publication);
  }

  /**
   * Writes a container with the parity that comes with it; where it is now, durably.
   *
   * @throws OtherShapeException when new containers have another shape now
   */
  ContainerEntry write(long id, CodedContainer coded) {
    return write(
        id, new Content(coded.bytes(), coded.contentAt(), coded.length(), coded), Supplier::get);
  }

  private ContainerEntry write(long id, Content content, Publication publication) {
    Parity parity = parities.poll();
    if (parity == null) {
      parity = new Parity();
    }
    try {
      Set<Drive> full = new HashSet<>();
      // Each further round has one drive less, full or shut out.
      for (int round = 0; round <= keeper.view().membership().size(); round++) {
        ContainerEntry entry = attempt(id, content, parity, full, publication);
        if (entry != null) {
          return entry;
        }
      }
      keeper.requireServing();
      throw DvxException.of(Kind.UNAVAILABLE, "Drives fail faster than a container can be put")
          .remedy("Look after the drives")
          .detail("container", id)
          .detail("not usable", keeper.view().reasons())
          .build();
    } finally {
      parities.push(parity);
    }
  }

  private @Nullable ContainerEntry attempt(
      long id, Content content, Parity parity, Set<Drive> full, Publication publication) {
    PoolView view = keeper.requireServing();
    List<Drive> usable = view.placeable();
    StripeShape shape =
        StripeShape.forDrives(content.length(), usable.size(), view.membership().size());
    CodedContainer coded = content.coded();
    if (coded != null
        && (coded.dataShards() != shape.dataShards()
            || coded.parityShards() != shape.parityShards())) {
      throw new OtherShapeException(shape);
    }
    int shards = Math.min(shape.shards(), usable.size());
    List<Drive> chosen =
        Placement.choose(room.candidates(usable, full), id, shards, shape.fileBytes());
    if (chosen.size() < Math.max(shards, shape.dataShards())) {
      throw noSpace(id, shape, chosen.size());
    }
    if (shape.parityShards() > 0 && coded == null) {
      parity.fit(shape.shardLength());
      coder.encode(
          shape.dataShards(),
          content.bytes(),
          content.length(),
          shape.shardLength(),
          parity.p,
          parity.q);
    }
    int attempt = ThreadLocalRandom.current().nextInt();
    ContainerEntry entry = new ContainerEntry(id, attempt, shape, DriveSet.NONE);
    for (Drive drive : chosen) {
      drive.shardBytes().addAndGet(shape.fileBytes());
    }
    boolean done = false;
    try {
      if (!writeShards(entry, chosen, content, parity, full)) {
        return null;
      }
      ContainerEntry written = entry;
      ContainerEntry placed = publication.around(() -> publish(written, chosen, full));
      done = true;
      return placed;
    } finally {
      if (!done) {
        discard(entry, chosen);
      }
    }
  }

  private boolean writeShards(
      ContainerEntry entry, List<Drive> chosen, Content content, Parity parity, Set<Drive> full) {
    StripeShape shape = entry.shape();
    CodedContainer coded = content.coded();
    int shardLength = shape.shardLength();
    List<DriveGroup.Outcome<Void>> outcomes =
        ballast.runLarge(
            chosen,
            DriveIo.Lane.WRITE,
            (drive, ticket) -> {
              int shard = chosen.indexOf(drive);
              ShardName name = entry.name(shard);
              int parityShard = shard - shape.dataShards();
              if (parityShard >= 0) {
                byte[] own = parityShard == 0 ? parity.p : parity.q;
                byte[] source = coded == null ? own : coded.bytes();
                int given = coded == null ? 0 : parityShard == 0 ? coded.pAt() : coded.qAt();
                ShardFiles.write(ticket, drive, pool, name, source, given, shardLength);
              } else {
                int from = Math.min(shape.length(), shard * shardLength);
                int bytes = Math.min(shardLength, shape.length() - from);
                ShardFiles.write(
                    ticket, drive, pool, name, content.bytes(), content.at() + from, bytes);
              }
              return null;
            });
    return allOk(outcomes, full);
  }

  private ContainerEntry publish(ContainerEntry entry, List<Drive> chosen, Set<Drive> full) {
    // Renaming only begins while all shards are known to be durable on drives in use.
    keeper.requireServing();
    List<DriveGroup.Outcome<Void>> outcomes =
        DriveGroup.run(
            chosen,
            DriveIo.Lane.WRITE,
            (drive, ticket) -> {
              drive.checkPresent();
              ticket.check();
              ShardFiles.publish(drive, entry.name(chosen.indexOf(drive)));
              return null;
            });
    allOk(outcomes, full);
    PoolView view = keeper.requireServing();
    ContainerEntry placed = entry;
    for (int shard = 0; shard < chosen.size(); shard++) {
      if (outcomes.get(shard).ok()) {
        placed = placed.withDrive(shard, chosen.get(shard).index());
      } else if (view.uses(chosen.get(shard))) {
        throw noSpace(entry.id(), entry.shape(), shard);
      }
    }
    for (int shard = 0; shard < chosen.size(); shard++) {
      if (outcomes.get(shard).ok()) {
        chosen.get(shard).shards().incrementAndGet();
      }
    }
    return placed;
  }

  private boolean allOk(List<DriveGroup.Outcome<Void>> outcomes, Set<Drive> full) {
    boolean ok = true;
    for (DriveGroup.Outcome<Void> outcome : outcomes) {
      if (outcome.ok()) {
        continue;
      }
      ok = false;
      if (outcome.noSpace()) {
        LOG.warn("{} is full", outcome.drive());
        full.add(outcome.drive());
      } else if (outcome.failure() != null) {
        keeper.shutOut(
            outcome.drive(), "a shard could not be written: " + IoErrors.brief(outcome.failure()));
      }
    }
    return ok;
  }

  /** Removes what an attempt left behind; what cannot be removed now goes when the pool opens. */
  private void discard(ContainerEntry entry, List<Drive> chosen) {
    List<Drive> left = chosen.stream().filter(keeper.view()::uses).toList();
    for (Drive drive : chosen) {
      drive.shardBytes().addAndGet(-entry.shape().fileBytes());
    }
    DriveGroup.run(
        left,
        DriveIo.Lane.WRITE,
        (drive, _) -> {
          // Durably: a container that is deleted later must not come back by an earlier attempt.
          ShardFiles.remove(drive, entry.name(chosen.indexOf(drive)));
          return null;
        });
  }

  private DvxException noSpace(long id, StripeShape shape, int drives) {
    return DvxException.of(Kind.NO_SPACE, "The pool has no room for a container")
        .cause(
            "It needs "
                + shape.fileBytes()
                + " bytes on each of "
                + shape.shards()
                + " drives; "
                + drives
                + " have them")
        .remedy("Delete snapshots or files, or add drives")
        .detail("container", id)
        .build();
  }
}
