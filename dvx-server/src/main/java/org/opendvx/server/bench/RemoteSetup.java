package org.opendvx.server.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.bench.ledger.Span;
import org.opendvx.server.bench.load.RemoteFiles;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.NfsSession.RemoteFile;
import org.opendvx.server.bench.rpc.Target;

/** Finds or makes the files of a load on the server. */
final class RemoteSetup {
  private final NfsSession session;
  private final Target target;
  private final Span span;
  private final byte[] directory;

  RemoteSetup(NfsSession session, Target target, Span span, String path) throws IOException {
    this.session = session;
    this.target = target;
    this.span = span;
    this.directory = session.directory(path);
  }

  /** Refuses block sizes that the server does not take. */
  NfsSession.Limits limits() throws IOException {
    NfsSession.Limits limits = session.limits();
    int smallest = Math.min(limits.readLimit(), limits.writeLimit());
    if (span.blockSize() > smallest) {
      throw DvxException.of(Kind.UNSUPPORTED, "The server does not take blocks of that size")
          .cause("It announces at most " + smallest + " bytes (FSINFO)")
          .remedy("Choose a smaller --block-size")
          .detail("block size", span.blockSize())
          .build();
    }
    return limits;
  }

  /** Takes or makes all files, each at least as long as wanted. */
  RemoteFiles prepare() throws IOException {
    List<byte[]> handles = new ArrayList<>();
    for (int i = 0; i < span.files(); i++) {
      String name = Span.fileName(i);
      Optional<RemoteFile> found = session.lookup(directory, name);
      RemoteFile file = found.isPresent() ? found.get() : session.create(directory, name);
      if (file.size() < span.fileBytes()) {
        session.resize(file.handle(), span.fileBytes());
      }
      handles.add(file.handle());
    }
    return remote(handles);
  }

  /** Takes all files, which must be there at their full length. */
  RemoteFiles find() throws IOException {
    List<byte[]> handles = new ArrayList<>();
    for (int i = 0; i < span.files(); i++) {
      String name = Span.fileName(i);
      Optional<RemoteFile> file = session.lookup(directory, name);
      if (file.isEmpty() || file.get().size() < span.fileBytes()) {
        throw DvxException.of(Kind.NOT_FOUND, "The file '" + name + "' is not as it should be")
            .cause(
                file.isEmpty()
                    ? "It is not in the directory"
                    : "It has " + file.get().size() + " of " + span.fileBytes() + " bytes")
            .remedy("Write it first: --prefill. After a crash test: data was lost")
            .detail("target", target)
            .build();
      }
      handles.add(file.get().handle());
    }
    return remote(handles);
  }

  /** Removes the files. */
  void remove() throws IOException {
    for (int i = 0; i < span.files(); i++) {
      session.remove(directory, Span.fileName(i));
    }
  }

  private RemoteFiles remote(List<byte[]> handles) {
    return new RemoteFiles(session.address(), handles, target.who(), target.reservedPort());
  }
}
