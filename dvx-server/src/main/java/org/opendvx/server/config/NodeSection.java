package org.opendvx.server.config;

import java.nio.file.Path;

/** The node itself. */
public record NodeSection(
    @Setting(
            value = "dvx1",
            says =
                "The node's name: 1 to 64 of `a-z`, `0-9` and `-`. It names the node's journal:"
                    + " never change it once there is data.")
        String name,
    @Setting(
            value = "./data",
            says =
                "Folder for what the node itself keeps: tokens, certificate, connections, and"
                    + " unless told otherwise the key file and the drive folders.")
        Path data,
    @Setting(
            value = "dvx",
            says = "Name of the datastore in the inventories of vCenter: 1 to 42 characters.")
        String datastore) {

  /** Checks the names. */
  public NodeSection {
    BadSettingException.unless(
        datastore.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,41}"),
        "datastore",
        "it has 1 to 42 letters, digits and _.-");
    BadSettingException.unless(
        name.matches("[a-z0-9-]{1,64}"), "name", "it has 1 to 64 of a-z, 0-9 and -");
  }
}
