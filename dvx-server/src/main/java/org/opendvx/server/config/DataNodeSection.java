package org.opendvx.server.config;

import java.nio.file.Path;

/** A data node itself. */
public record DataNodeSection(
    @Setting(
            value = "./datanode",
            says =
                "Folder for what the data node itself keeps: its certificate and the hosts that"
                    + " have joined; unless told otherwise the drive folders too.")
        Path data,
    @Setting(value = "127.0.0.1", says = "Address to listen on for hosts.") String listen,
    @Setting(value = "7340", says = "Port for hosts. `0`: any free one.") int port,
    @Setting(value = "512", says = "The most connections at a time; a host has three.")
        int maxConnections) {

  /** Checks the numbers. */
  public DataNodeSection {
    BadSettingException.unless(port >= 0 && port <= 65535, "port", "it is 0 to 65535");
    BadSettingException.unless(
        maxConnections >= 1 && maxConnections <= 65536, "max-connections", "it is 1 to 65536");
  }
}
