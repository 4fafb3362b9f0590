package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.nfs.access.Export;
import org.opendvx.core.nfs.handle.SipHashMac;
import org.opendvx.core.testing.InMemoryDatastore;

/** A server on a free port of loopback; closing it checks that no buffer was lost. */
final class TestServer implements AutoCloseable {
  static final byte[] KEY = "sixteen byte key".getBytes(StandardCharsets.US_ASCII);

  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final NfsServer server;
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, false);

  static {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
  }

  TestServer(NfsSettings settings, Datastore datastore) {
    server = new NfsServer(settings, datastore, new SipHashMac(KEY), meters, allocator);
    server.start();
  }

  /** The whole datastore as {@code /dvx}. */
  static TestServer over(Datastore datastore) {
    return new TestServer(settings(Export.loopback("/dvx")), datastore);
  }

  /** An empty datastore as {@code /dvx}. */
  static TestServer empty() {
    return over(new InMemoryDatastore());
  }

  static NfsSettings settings(Export... exports) {
    return NfsSettings.loopback(List.of(exports)).onPort(0);
  }

  int port() {
    return server.port();
  }

  Nfs3TestClient client() throws IOException {
    return new Nfs3TestClient(port());
  }

  RpcTestClient rpc() throws IOException {
    return new RpcTestClient(port());
  }

  /** Bytes of buffers that are in use. */
  long bufferBytes() {
    return allocator.metric().usedDirectMemory();
  }

  @Override
  public void close() {
    server.close();
    assertEquals(0, allocator.metric().usedDirectMemory(), "bytes of lost buffers");
    assertEquals(0, allocator.metric().usedHeapMemory(), "bytes of lost heap buffers");
  }
}
