package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** A message from one host to another: docs/formats/peer-protocol.md. */
sealed interface PeerCall {
  int VERSION = 2;

  /** How long a receiver waits for a sender's sake at the most. */
  long LONGEST_MILLIS = 300_000;

  int RUN = 1;
  int STOP = 2;
  int GIVEN = 3;
  int FREEZE = 4;
  int RELEASE = 5;
  int SETTLE = 6;
  int DROP = 7;
  int TAKE = 8;
  int CHANGE = 9;
  int CLOCK = 10;
  int TAKE_UP = 11;
  int CHECKPOINT = 12;
  int REPORT = 13;
  int LET_GO = 14;
  int ROOM = 15;
  int KEYS = 16;
  int PREVIEW = 17;

  /** The root that it is for. */
  String root();

  /** The operation that it runs; null for what hosts agree on among themselves. */
  default @Nullable FileOp<?> operation() {
    return switch (this) {
      case Run(String _, FileOp<?> op) -> op;
      case Change(String _, long _, long _, FileOp<?> op) -> op;
      default -> null;
    };
  }

  /** Runs an operation that changes nothing. */
  record Run(String root, FileOp<?> op) implements PeerCall {}

  /**
   * Runs an operation that takes effect before a moment or not at all.
   *
   * @param life of the receiver, by whose clock that moment is
   * @param notAfter the moment
   */
  record Change(String root, long life, long notAfter, FileOp<?> op) implements PeerCall {}

  /** Asks for the receiver's life and what its clock shows. */
  record Clock() implements PeerCall {
    @Override
    public String root() {
      return "";
    }
  }

  /** Asks for a file: the answer is its parcel. {@code forUse} may be refused. */
  record Stop(String root, long file, long epoch, String heir, boolean forUse)
      implements PeerCall {}

  /** Asks what the parcel of a file would be, which goes on. {@code forUse} may be refused. */
  record Preview(String root, long file, boolean forUse) implements PeerCall {}

  /** The heir owns a file. */
  record Given(String root, long file) implements PeerCall {}

  /** Withholds answers and freezes files for a cut. */
  record Freeze(String root, long cut, List<Long> files) implements PeerCall {}

  /** Lets the answers go. */
  record Release(String root, long cut) implements PeerCall {}

  /** Makes the frozen files durable: the answer is their parcels. */
  record Settle(String root, long cut) implements PeerCall {}

  /** Gives a cut up. */
  record Drop(String root, long cut) implements PeerCall {}

  /** Asks a root to become the owner of files: their machine is about to run beside its host. */
  record Take(String root, List<Long> files) implements PeerCall {}

  /** Asks a root to take up what the cleaner condemned: the answer is its incarnation. */
  record TakeUp(String root, long round, long limitMillis) implements PeerCall {}

  /** Asks a root for a checkpoint: the answer is its incarnation and the checkpoint's number. */
  record Checkpoint(String root, long round, long limitMillis) implements PeerCall {}

  /** Asks what came to a root since it took up a round: its incarnation and the parcels. */
  record Report(String root, long round) implements PeerCall {}

  /** Asks that nobody reads any more by what was there before: the answer is the incarnation. */
  record LetGo(String root, long limitMillis) implements PeerCall {}

  /** Asks the cleaner for room: the answer is what came of it. */
  record Room(String root, long bytes, long limitNanos) implements PeerCall {}

  /**
   * Asks a root to take up the pool's key ring as the register has it: the answer is its
   * incarnation, the data key under which it seals, the newest one that it knows, and the lowest id
   * of a container that is not in the pool yet.
   *
   * @param newContainers whether what is written later is to go to containers that are drawn later
   */
  record Keys(String root, boolean newContainers) implements PeerCall {}

  /** A call, and the life of its sender in which it was begun. */
  record Sent(long life, PeerCall call) {}

  /**
   * Its bytes.
   *
   * @param life of the sender in which it was begun: who has declared that life dead refuses it
   */
  static byte[] encode(PeerCall call, long life) {
    Wire.Out out = new Wire.Out().put(VERSION).putLong(life);
    switch (call) {
      case Run(String root, FileOp<?> op) -> op.encode(out.put(RUN).putText(root));
      case Change(String root, long theirs, long notAfter, FileOp<?> op) ->
          op.encode(out.put(CHANGE).putText(root).putLong(theirs).putLong(notAfter));
      case Clock() -> out.put(CLOCK).putText("");
      case Stop(String root, long file, long epoch, String heir, boolean forUse) ->
          out.put(STOP).putText(root).putLong(file).putLong(epoch).putText(heir).putBoolean(forUse);
      case Preview(String root, long file, boolean forUse) ->
          out.put(PREVIEW).putText(root).putLong(file).putBoolean(forUse);
      case Given(String root, long file) -> out.put(GIVEN).putText(root).putLong(file);
      case Freeze(String root, long cut, List<Long> files) ->
          out.put(FREEZE).putText(root).putLong(cut).putList(files, Wire.Out::putLong);
      case Release(String root, long cut) -> out.put(RELEASE).putText(root).putLong(cut);
      case Settle(String root, long cut) -> out.put(SETTLE).putText(root).putLong(cut);
      case Drop(String root, long cut) -> out.put(DROP).putText(root).putLong(cut);
      case Take(String root, List<Long> files) ->
          out.put(TAKE).putText(root).putList(files, Wire.Out::putLong);
      case TakeUp(String root, long round, long limit) ->
          out.put(TAKE_UP).putText(root).putLong(round).putLong(limit);
      case Checkpoint(String root, long round, long limit) ->
          out.put(CHECKPOINT).putText(root).putLong(round).putLong(limit);
      case Report(String root, long round) -> out.put(REPORT).putText(root).putLong(round);
      case LetGo(String root, long limit) -> out.put(LET_GO).putText(root).putLong(limit);
      case Room(String root, long bytes, long limit) ->
          out.put(ROOM).putText(root).putLong(bytes).putLong(limit);
      case Keys(String root, boolean newContainers) ->
          out.put(KEYS).putText(root).putBoolean(newContainers);
    }
    return out.done();
  }

  /**
   * Reads a message.
   *
   * @throws DvxException INVALID when it is none
   */
  static Sent decode(byte[] bytes) {
    try {
      return Wire.read("A peer's call", bytes, VERSION, in -> new Sent(in.getLong(), decode(in)));
    } catch (IllegalArgumentException e) {
      throw DvxException.of(Kind.INVALID, "Not a call of a peer").causedBy(e).build();
    }
  }

  private static PeerCall decode(Wire.In in) {
    int code = in.get();
    String root = in.getText();
    return switch (code) {
      case RUN -> new Run(root, unchanging(FileOp.decode(in)));
      case CHANGE -> new Change(root, in.getLong(), in.getLong(), FileOp.decode(in));
      case CLOCK -> new Clock();
      case STOP -> new Stop(root, in.getLong(), in.getLong(), in.getText(), in.getBoolean());
      case PREVIEW -> new Preview(root, in.getLong(), in.getBoolean());
      case GIVEN -> new Given(root, in.getLong());
      case FREEZE -> new Freeze(root, in.getLong(), in.getList(Wire.In::getLong));
      case RELEASE -> new Release(root, in.getLong());
      case SETTLE -> new Settle(root, in.getLong());
      case DROP -> new Drop(root, in.getLong());
      case TAKE -> new Take(root, in.getList(Wire.In::getLong));
      case TAKE_UP -> new TakeUp(root, in.getLong(), limited(in.getLong(), LONGEST_MILLIS));
      case CHECKPOINT -> new Checkpoint(root, in.getLong(), limited(in.getLong(), LONGEST_MILLIS));
      case REPORT -> new Report(root, in.getLong());
      case LET_GO -> new LetGo(root, limited(in.getLong(), LONGEST_MILLIS));
      case ROOM -> new Room(root, in.getLong(), limited(in.getLong(), LONGEST_MILLIS * 1_000_000));
      case KEYS -> new Keys(root, in.getBoolean());
      default -> throw new BufferUnderflowException();
    };
  }

  private static long limited(long time, long longest) {
    return Math.clamp(time, 1, longest);
  }

  private static FileOp<?> unchanging(FileOp<?> op) {
    if (op.changes()) {
      // Nobody would know until when it may be carried out.
      throw new BufferUnderflowException();
    }
    return op;
  }
}
