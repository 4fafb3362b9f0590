package org.opendvx.server.demo.nfs;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.process.Program;

/**
 * NFS clients that are not ours: libnfs' programs and, where port 111 tells it the ports, qemu-img.
 * Each call is a process with a time limit, tried once more when libnfs hangs, which it has been
 * seen to do.
 */
public final class ForeignClient {
  private static final int ATTEMPTS = 2;

  private final Program programs;
  private final String export;
  private final int nfsPort;
  private final int mountPort;

  /** Clients of an export of this machine. */
  public ForeignClient(Program programs, String export, int nfsPort, int mountPort) {
    this.programs = programs;
    this.export = export.equals("/") ? "" : export;
    this.nfsPort = nfsPort;
    this.mountPort = mountPort;
  }

  /** The address of a path from the export's root, with the ports, as libnfs takes it. */
  public String url(String path) {
    return "nfs://127.0.0.1" + export + path + "?nfsport=" + nfsPort + "&mountport=" + mountPort;
  }

  /** Copies a local file to the datastore with nfs-cp. */
  public void put(Path local, String path, Duration limit) throws InterruptedException {
    patiently(
        "The file could not be copied to the datastore",
        limit,
        List.of("nfs-cp", local.toString(), url(path)));
  }

  /** Copies a file of the datastore to a local one with nfs-cp. */
  public void get(String path, Path local, Duration limit) throws InterruptedException {
    patiently(
        "The file could not be copied from the datastore",
        limit,
        List.of("nfs-cp", url(path), local.toString()));
  }

  /** What a folder holds, as nfs-ls prints it. */
  public String list(String path, Duration limit) throws InterruptedException {
    return patiently(
        "The folder could not be listed over NFS", limit, List.of("nfs-ls", url(path)));
  }

  /** Copies a local raw image to the datastore with qemu-img, which asks port 111 for the ports. */
  public void convert(Path local, String path, Duration limit) throws InterruptedException {
    patiently(
        "The image could not be converted to the datastore",
        limit,
        List.of("qemu-img", "convert", "-f", "raw", "-O", "raw", local.toString(), portless(path)));
  }

  /**
   * Has qemu-img compare a local raw image with one on the datastore; true when they are identical.
   */
  public boolean isSame(Path local, String path, Duration limit)
      throws IOException, InterruptedException {
    Program.Outcome outcome =
        programs.run(
            limit,
            List.of(
                "qemu-img", "compare", "-f", "raw", "-F", "raw", local.toString(), portless(path)));
    if (outcome.exit() > 1) {
      throw new IOException("qemu-img compare: " + outcome.errors().strip());
    }
    return outcome.isGood();
  }

  private String portless(String path) {
    return "nfs://127.0.0.1" + export + path;
  }

  private String patiently(String what, Duration limit, List<String> command)
      throws InterruptedException {
    IOException late = new IOException("it was not tried");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        Program.Outcome outcome = programs.run(limit, command);
        if (outcome.isGood()) {
          return outcome.output();
        }
        throw DvxException.of(Kind.INTERNAL, what)
            .cause(
                command.getFirst()
                    + " ended with "
                    + outcome.exit()
                    + ": "
                    + (outcome.errors() + outcome.output()).strip())
            .detail("command", String.join(" ", command))
            .build();
      } catch (IOException e) {
        late = e;
      }
    }
    throw DvxException.of(Kind.TIMEOUT, what)
        .causedBy(late)
        .detail("command", String.join(" ", command))
        .build();
  }
}
