package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.testing.InMemoryDatastore;

/** A store that has no room for a moment holds requests up, and not for longer. */
class CongestionTest {
  /** Says so many times that it is congested, and then no more until the next burst. */
  private static Datastore congestedFor(AtomicInteger times) {
    InMemoryDatastore store = new InMemoryDatastore();
    return (Datastore)
        Proxy.newProxyInstance(
            CongestionTest.class.getClassLoader(),
            new Class<?>[] {Datastore.class},
            (_, method, arguments) -> {
              if (method.getName().equals("congested")) {
                return times.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
              }
              try {
                return method.invoke(store, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void readingGoesOnWheneverTheCongestionEnds() throws Exception {
    AtomicInteger times = new AtomicInteger();
    try (TestServer server = TestServer.over(congestedFor(times));
        RpcTestClient client = server.rpc()) {
      for (int burst = 0; burst < 12; burst++) {
        times.set(burst);
        assertEquals(0, client.call(Nfs3TestClient.NFS, 3, 0, Nfs3TestClient.NO_ARGUMENTS).state());
      }
    }
  }
}
