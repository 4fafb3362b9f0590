package org.opendvx.core.pool.remote;

import io.netty.channel.EventLoopGroup;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.pool.wire.Frame;
import org.opendvx.core.pool.wire.NodeTls;
import org.opendvx.core.pool.wire.Op;
import org.opendvx.core.pool.wire.WireErrors;
import org.opendvx.core.pool.wire.WireOut;

/** Makes a host known to a data node. */
public final class Joining {
  private Joining() {}

  /**
   * Shows a token that the data node gave out. It notes the fingerprint of this host's certificate.
   *
   * @param host the name under which this host joins
   * @throws DvxException DENIED when the token is not good, UNAVAILABLE when the data node is not
   *     there or is another one than expected
   */
  public static void join(
      RemoteSettings settings, NodeTls.Identity identity, String host, String token) {
    EventLoopGroup loops = RemotePool.loops(1);
    Link link = new Link(Runnable::run, () -> {});
    try {
      link.attach(
          Lane.open(settings, NodeTls.client(identity, settings.fingerprint()), loops, link));
      Frame reply =
          link.ask(
                  Op.JOIN,
                  0,
                  settings.connectLimit().toMillis(),
                  new WireOut().text(host).text(token),
                  null)
              .reply()
              .orTimeout(settings.connectLimit().toMillis(), TimeUnit.MILLISECONDS)
              .exceptionally(
                  failure -> {
                    throw unreachable(settings, failure);
                  })
              .join();
      if (reply.status() != WireErrors.OK) {
        throw WireErrors.decode(reply.status(), reply.in());
      }
    } catch (LinkLostException e) {
      throw unreachable(settings, e);
    } finally {
      link.close();
      var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
  }

  private static DvxException unreachable(RemoteSettings settings, Throwable failure) {
    return DvxException.of(Kind.UNAVAILABLE, "The data node cannot be reached")
        .causedBy(failure)
        .remedy("Check its address and its fingerprint: dvx datanode token shows both")
        .detail("data node", settings.address() + ":" + settings.port())
        .build();
  }
}
