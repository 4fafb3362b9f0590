package org.opendvx.core.peer;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.cluster.PeerNetwork;

/**
 * One network of hosts for two kinds of messages, told apart by their first byte: those about files
 * and those about chunks. Thread-safe.
 */
public final class SharedNetwork {
  private final PeerNetwork under;
  private final View files = new View(true);
  private final View chunks = new View(false);

  /** Takes over a network; it is closed with {@link #files}. */
  public SharedNetwork(PeerNetwork under) {
    this.under = under;
    under.serve(
        new PeerNetwork.Handler() {
          @Override
          public CompletableFuture<byte[]> call(String from, byte[] request) {
            return call(from, request, () -> false);
          }

          @Override
          public CompletableFuture<byte[]> call(String from, byte[] request, BooleanSupplier gone) {
            PeerNetwork.Handler handler =
                ChunkMessages.isOurs(request) ? chunks.handler : files.handler;
            return handler == null
                ? CompletableFuture.completedFuture(ChunkMessages.refused())
                : handler.call(from, request, gone);
          }
        });
  }

  /** For messages about files; closing it closes the network. */
  public PeerNetwork files() {
    return files;
  }

  /** For messages about chunks; closing it does nothing. */
  public PeerNetwork chunks() {
    return chunks;
  }

  /** The network for one kind. */
  private final class View implements PeerNetwork {
    private final boolean closes;
    private volatile @Nullable Handler handler;

    View(boolean closes) {
      this.closes = closes;
    }

    @Override
    public String endpoint() {
      return under.endpoint();
    }

    @Override
    public void serve(Handler toUse) {
      handler = toUse;
    }

    @Override
    public CompletableFuture<byte[]> call(
        String host, String endpoint, byte[] request, Duration limit) {
      return under.call(host, endpoint, request, limit);
    }

    @Override
    public Traffic traffic() {
      return under.traffic();
    }

    @Override
    public void close() {
      if (closes) {
        under.close();
      }
    }
  }
}
