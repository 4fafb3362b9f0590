package org.opendvx.server.demo;

import org.opendvx.server.api.NodeFile;

/** What {@code --keep} tells: how to use what was left running, and how to stop it. */
final class Kept {
  private Kept() {}

  static String text(Workshop shop, Demo.Result result) {
    NodeFile node = result.node().file();
    String certificate = node.certificateSha256();
    return """
    Node, vCenter and engine are still running.
      See it:     export DVX_URL=%s DVX_TOKEN=$(cat %s)
                  ./dvx --help; ./dvx status --certificate-sha256 %s
      List it:    nfs-ls '%s'
      Mount it:   mount -t nfs -o vers=3,proto=tcp,mountproto=tcp,nolock,port=%d,mountport=%d 127.0.0.1:%s /mnt
      vCenter:    %s as %s, password %s
      Engine:     %s as %s, password %s
      Stop it:    kill %d; rm -r %s
    """
        .formatted(
            node.rest(),
            node.tokenFile(),
            certificate,
            result.node().foreign().url("/"),
            node.nfsPort(),
            node.mountPort(),
            node.export(),
            result.vcenter().simulator().url(),
            result.vcenter().simulator().user(),
            shop.path("vcenter").resolve("password"),
            result.engine().simulator().url(),
            result.engine().simulator().user(),
            result.engine().simulator().passwordFile(),
            node.pid(),
            shop.folder());
  }
}
