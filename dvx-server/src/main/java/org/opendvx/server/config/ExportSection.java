package org.opendvx.server.config;

import java.util.List;

/** What clients mount. */
public record ExportSection(
    @Setting(
            required = true,
            says = "The folder of the datastore that is exported, from its root: `/` is all of it.")
        String path,
    @Setting(says = "Networks whose clients may mount it. Empty: those of `nfs.clients`.")
        List<String> clients,
    @Setting(
            value = "0:0",
            says =
                "Owner `uid:gid` that the export's folder is given when it is made; oVirt needs"
                    + " `36:36`.")
        String owner) {

  /** Checks path and owner. */
  public ExportSection {
    BadSettingException.unless(
        path.startsWith("/") && !path.contains("//") && !path.contains("/../"),
        "path",
        "it starts with a slash and names each folder");
    BadSettingException.unless(
        owner.matches("\\d{1,9}:\\d{1,9}"), "owner", "it is uid:gid, such as 36:36");
  }

  /** The user id of the owner. */
  public int uid() {
    return Integer.parseInt(owner.substring(0, owner.indexOf(':')));
  }

  /** The group id of the owner. */
  public int gid() {
    return Integer.parseInt(owner.substring(owner.indexOf(':') + 1));
  }
}
