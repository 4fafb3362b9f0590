package org.opendvx.server.config;

import java.util.List;

/** The NFS server. */
public record NfsSection(
    @Setting(
            value = NfsSection.LOCALHOST,
            says =
                "Address to listen on. Hypervisors need one that they can reach; `0.0.0.0` is all"
                    + " of them; `localhost` is `127.0.0.1` and, where there is IPv6, `::1`.")
        String listen,
    @Setting(value = "2049", says = "Port of NFS and MOUNT. `0`: any free one.") int port,
    @Setting(
            value = "auto",
            says =
                "Whether clients can ask port 111 for the ports, as ESXi and qemu do. `auto`:"
                    + " answers there or registers with the system's rpcbind if it can, and says so"
                    + " if not; with `port: 0` not at all; `on`: does not start without; `off`: not"
                    + " at all.")
        Portmapper portmapper,
    @Setting(
            says =
                "Networks whose clients may mount, such as `10.1.0.0/16`, for exports that name"
                    + " none. Empty: this machine alone.")
        List<String> clients,
    @Setting(says = "What clients mount. Empty: one export `/dvx`, which is the whole datastore.")
        List<ExportSection> exports) {

  /** This machine alone, over IPv4 and IPv6. */
  public static final String LOCALHOST = "localhost";

  /** Checks the port. */
  public NfsSection {
    port(port, "port");
  }

  static void port(int port, String key) {
    BadSettingException.unless(port >= 0 && port <= 65_535, key, "a port is 0 to 65535");
  }

  /** How the portmapper is provided. */
  public enum Portmapper {
    AUTO,
    ON,
    OFF
  }
}
