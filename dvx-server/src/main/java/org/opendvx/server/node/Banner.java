package org.opendvx.server.node;

import java.nio.file.Path;
import java.util.Locale;
import org.opendvx.server.api.DatastoreView;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.api.StatusView;
import org.opendvx.server.config.ByteSize;

/** What a node tells on the terminal when it has started. */
public final class Banner {
  private Banner() {}

  /** The text, with a line break at the end. */
  public static String text(DvxNode node, String version) {
    NodeFile file = node.file();
    StatusView status = node.facts().status();
    DatastoreView datastore = node.facts().datastore();
    String host = file.address();
    String where = where(Path.of(file.dataFolder()));
    String ports = "port=" + file.nfsPort() + ",mountport=" + file.mountPort();
    return String.format(
        Locale.ROOT,
        """
        OpenDVX %s serves the datastore "%s"
          Data folder   %s
          Room          %s free of %s
          Pool          %s
          Reached from  %s

        Mount it
          Linux:   mount -t nfs -o vers=3,proto=tcp,mountproto=tcp,nolock,hard,%s %s:%s /mnt
          libnfs:  nfs-ls 'nfs://%s%s?nfsport=%d&mountport=%d'
          qemu:    %s

        Manage it
          dvx status%s
          REST address  %s/api/v1
          Token         %s
          Certificate   %s
            SHA-256     %s

        Connect a vCenter and mount the datastore on its hosts
          dvx vcenter add vc1 --server https://VCENTER/sdk --user USER --pin SHA256%s
          dvx vcenter register vc1 --address ADDRESS_OF_THIS_NODE%s
        """,
        version,
        file.datastore(),
        file.dataFolder(),
        ByteSize.human(datastore.freeBytes()),
        ByteSize.human(datastore.totalBytes()),
        status.summary(),
        reachedFrom(datastore),
        ports,
        host,
        file.export(),
        host,
        file.export(),
        file.nfsPort(),
        file.mountPort(),
        qemu(datastore, file),
        where,
        file.rest(),
        file.tokenFile(),
        file.certificateFile(),
        colons(file.certificateSha256()),
        where,
        where);
  }

  /** What commands need, to find the node, unless it is in the folder where they look. */
  private static String where(Path data) {
    Path usual = Path.of("data").toAbsolutePath().normalize();
    return data.equals(usual) ? "" : " --data " + data;
  }

  private static String reachedFrom(DatastoreView datastore) {
    boolean loopback = datastore.address().startsWith("127.") || datastore.address().equals("::1");
    return loopback
        ? "this machine alone; nfs.listen and nfs.clients in a configuration file change that"
        : String.join(", ", datastore.exports().getFirst().clients());
  }

  private static String qemu(DatastoreView datastore, NodeFile file) {
    return datastore.portmapper().isEmpty()
        ? "cannot ask for the ports: nothing answers on port 111 (start as root, or run rpcbind)"
        : "qemu-img create -f raw nfs://" + file.address() + file.export() + "/disk.img 10G";
  }

  private static String colons(String hex) {
    return hex.toUpperCase(Locale.ROOT).replaceAll("(..)(?!$)", "$1:");
  }
}
