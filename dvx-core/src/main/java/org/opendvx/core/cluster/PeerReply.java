package org.opendvx.core.cluster;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.FileAwayException;
import org.opendvx.core.datastore.FileError;
import org.opendvx.core.datastore.FileException;

/** The answer to a {@link PeerCall}: docs/formats/peer-protocol.md. */
final class PeerReply {
  private static final int OK = 0;
  private static final int REFUSED = 1;
  private static final int AWAY = 2;
  private static final int NOT_RUN = 3;
  private static final int UNKNOWN = 4;

  private PeerReply() {}

  static byte[] ok(Consumer<Wire.Out> body) {
    Wire.Out out = new Wire.Out().put(PeerCall.VERSION).put(OK);
    body.accept(out);
    return out.done();
  }

  static byte[] failure(@Nullable Throwable failure) {
    Wire.Out out = new Wire.Out().put(PeerCall.VERSION);
    switch (failure) {
      case FileAwayException away -> out.put(AWAY).putLong(away.file());
      case FileException e ->
          out.put(REFUSED).putText(e.error().name()).putText(String.valueOf(e.getMessage()));
      case RouteException e ->
          out.put(e.fate() == RouteException.Fate.NOT_RUN ? NOT_RUN : UNKNOWN)
              .putText(String.valueOf(e.getMessage()));
      case null, default -> out.put(UNKNOWN).putText(String.valueOf(failure));
    }
    return out.done();
  }

  /** The body of a good answer; throws what a bad one says. */
  static Wire.In body(byte[] reply) {
    return Wire.read("A peer's answer", reply, PeerCall.VERSION, PeerReply::open);
  }

  private static Wire.In open(Wire.In in) {
    int status = in.get();
    return switch (status) {
      case OK -> in;
      case AWAY -> throw new AwayElsewhere(in.getLong());
      case REFUSED -> throw new FileException(error(in.getText()), in.getText());
      case NOT_RUN -> throw RouteException.notRun(in.getText());
      default -> throw RouteException.unknown(in.getText());
    };
  }

  private static FileError error(String name) {
    for (FileError error : FileError.values()) {
      if (error.name().equals(name)) {
        return error;
      }
    }
    return FileError.IO;
  }

  /** A peer does not have the file. */
  static final class AwayElsewhere extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long file;

    AwayElsewhere(long file) {
      super("the peer does not have the file", null, false, false);
      this.file = file;
    }

    long file() {
      return file;
    }
  }
}
