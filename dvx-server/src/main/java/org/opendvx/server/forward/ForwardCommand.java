package org.opendvx.server.forward;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dvx forward}. */
@Command(
    name = "forward",
    description = {
      "Stand in for this machine's node while it is down: relay its hypervisor's NFS connections to"
          + " another host of the same datastore, until told to stop.",
      "",
      "Holds no key and no data. The other hosts must allow this machine's address (nfs.clients)."
          + " The package's units start it when the node stays down, and stop it before the node"
          + " starts: docs/packages.md."
    },
    footer = {
      "",
      "Example: dvx forward --listen 127.0.0.1:2049 --to 10.1.0.6:2049 --to 10.1.0.7:2049"
    })
public final class ForwardCommand implements Callable<Integer> {
  private static final int MOST_HOSTS = 64;
  private static final int STOP_SECONDS = 8;

  @Spec private CommandSpec spec;

  @Option(
      names = "--listen",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:2049",
      description =
          "Where the node listens when it is up (default ${DEFAULT-VALUE}). Port 0: any free one.")
  private String listen;

  @Option(
      names = "--to",
      paramLabel = "HOST:PORT",
      required = true,
      split = ",",
      description = "NFS address of another host; several, in the order of preference.")
  private List<String> hosts;

  @Option(
      names = "--most-connections",
      paramLabel = "N",
      defaultValue = "256",
      description = "Further connections are refused (default ${DEFAULT-VALUE}).")
  private int mostConnections;

  /** Read from the command line. */
  @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
  public ForwardCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    if (hosts.size() > MOST_HOSTS || mostConnections < 1) {
      throw DvxException.of(Kind.INVALID, "The forwarder cannot start")
          .cause("There are 1 to " + MOST_HOSTS + " hosts and at least one connection")
          .remedy("Correct --to and --most-connections")
          .build();
    }
    List<Address> others = hosts.stream().map(host -> Address.of(host, 1)).toList();
    Address here = Address.of(listen, 0);
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> endCleanly(stop, closed), "stop"));
    try (Forwarder forwarder = Forwarder.start(here, others, mostConnections)) {
      spec.commandLine()
          .getOut()
          .printf("Forwarding %s:%d to %s%n", here.host(), forwarder.port(), others);
      spec.commandLine().getOut().flush();
      stop.await();
    } finally {
      closed.countDown();
    }
    return 0;
  }

  /** A signal's own exit code would be 143; a clean stop is a success. */
  private static void endCleanly(CountDownLatch stop, CountDownLatch closed) {
    if (closed.getCount() == 0) {
      return;
    }
    stop.countDown();
    try {
      Runtime.getRuntime().halt(closed.await(STOP_SECONDS, TimeUnit.SECONDS) ? 0 : 1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
