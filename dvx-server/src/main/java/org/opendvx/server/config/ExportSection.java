package org.opendvx.server.config;

import java.util.List;

/** What clients mount. */
public record ExportSection(
    @Setting(
            required = true,
            says =
                "The path that clients mount, such as `/dvx`. File handles depend on it: clients"
                    + " mount anew when it changes.")
        String path,
    @Setting(
            value = "/",
            says = "The folder of the datastore that it stands for; made when it is missing.")
        String folder,
    @Setting(says = "Networks whose clients may mount it. Empty: those of `nfs.clients`.")
        List<String> clients,
    @Setting(
            says =
                "`uid:gid` as whom every client acts and to whom the folder belongs; oVirt needs"
                    + " `36:36`. Empty: the ids that clients send.")
        String owner,
    @Setting(value = "false", says = "Whether every change is refused.") boolean readOnly,
    @Setting(
            value = "false",
            says = "Whether uid 0 of clients counts as nobody. ESXi cannot work with this.")
        boolean squashRoot) {

  /** Checks the owner. */
  public ExportSection {
    BadSettingException.unless(path.startsWith("/"), "path", "it starts with a slash");
    BadSettingException.unless(folder.startsWith("/"), "folder", "it starts with a slash");
    BadSettingException.unless(
        owner.isEmpty() || owner.matches("\\d{1,9}:\\d{1,9}"),
        "owner",
        "it is uid:gid, such as 36:36");
  }

  /** The user id of the owner, if there is one. */
  public int uid() {
    return Integer.parseInt(owner.substring(0, owner.indexOf(':')));
  }

  /** The group id of the owner, if there is one. */
  public int gid() {
    return Integer.parseInt(owner.substring(owner.indexOf(':') + 1));
  }
}
