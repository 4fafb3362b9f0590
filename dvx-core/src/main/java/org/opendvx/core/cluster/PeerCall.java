package org.opendvx.core.cluster;

import java.nio.BufferUnderflowException;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/** A message from one host to another: docs/formats/peer-protocol.md. */
sealed interface PeerCall {
  int VERSION = 2;
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

  /** The root that it is for. */
  String root();

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
      case Given(String root, long file) -> out.put(GIVEN).putText(root).putLong(file);
      case Freeze(String root, long cut, List<Long> files) ->
          out.put(FREEZE).putText(root).putLong(cut).putList(files, Wire.Out::putLong);
      case Release(String root, long cut) -> out.put(RELEASE).putText(root).putLong(cut);
      case Settle(String root, long cut) -> out.put(SETTLE).putText(root).putLong(cut);
      case Drop(String root, long cut) -> out.put(DROP).putText(root).putLong(cut);
      case Take(String root, List<Long> files) ->
          out.put(TAKE).putText(root).putList(files, Wire.Out::putLong);
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
      case GIVEN -> new Given(root, in.getLong());
      case FREEZE -> new Freeze(root, in.getLong(), in.getList(Wire.In::getLong));
      case RELEASE -> new Release(root, in.getLong());
      case SETTLE -> new Settle(root, in.getLong());
      case DROP -> new Drop(root, in.getLong());
      case TAKE -> new Take(root, in.getList(Wire.In::getLong));
      default -> throw new BufferUnderflowException();
    };
  }

  private static FileOp<?> unchanging(FileOp<?> op) {
    if (op.changes()) {
      // Nobody would know until when it may be carried out.
      throw new BufferUnderflowException();
    }
    return op;
  }
}
