package org.opendvx.core.nfs.portmap;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Programs registered with a portmapper that runs on this machine already. Blocks. */
public final class PortmapRegistration {
  private static final int CONNECT_MILLIS = 500;

  private final InetSocketAddress portmapper;
  private final List<PortMapping> mappings;

  /**
   * Nothing is done yet.
   *
   * @param port the portmapper's, on loopback
   */
  public PortmapRegistration(int port, List<PortMapping> mappings) {
    this.portmapper = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.mappings = List.copyOf(mappings);
  }

  /**
   * Registers the programs, replacing entries behind which nobody listens.
   *
   * @return what went wrong, for people; empty when nothing did
   */
  public Optional<String> register() {
    List<String> problems = new ArrayList<>();
    try (PortmapClient client = new PortmapClient(portmapper)) {
      for (PortMapping each : mappings) {
        register(client, each).ifPresent(problems::add);
      }
    } catch (IOException e) {
      problems.add("cannot register with the portmapper at " + portmapper + ": " + e.getMessage());
    }
    return problems.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", problems));
  }

  /** Takes back what {@link #register} did, and nobody else's; says what went wrong. */
  public Optional<String> unregister() {
    try (PortmapClient client = new PortmapClient(portmapper)) {
      for (PortMapping each : mappings) {
        if (client.call(PortmapClient.GETPORT, each) == each.port()) {
          client.call(PortmapClient.UNSET, each);
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of("cannot unregister from " + portmapper + ": " + e.getMessage());
    }
  }

  private static Optional<String> register(PortmapClient client, PortMapping wanted)
      throws IOException {
    int known = client.call(PortmapClient.GETPORT, wanted);
    if (known == wanted.port()) {
      return Optional.empty();
    }
    if (known != 0) {
      if (wanted.protocol() == PortMapping.Protocol.TCP && isListening(known)) {
        return Optional.of(
            "program "
                + wanted.program()
                + " is already served on port "
                + known
                + " by another server");
      }
      client.call(PortmapClient.UNSET, wanted);
    }
    return client.call(PortmapClient.SET, wanted) == 1
        ? Optional.empty()
        : Optional.of("the portmapper did not accept program " + wanted.program());
  }

  private static boolean isListening(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), CONNECT_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
