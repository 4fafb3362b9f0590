package org.opendvx.server.demo.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.opendvx.server.bench.rpc.Nfs3;
import org.opendvx.server.bench.rpc.NfsException;
import org.opendvx.server.bench.rpc.NfsSession;

/**
 * The disks of a machine as one folder shows them: the live ones, or those of a snapshot.
 *
 * @param name for messages
 * @param handles file handles, disk by disk
 */
public record View(String name, List<byte[]> handles) {
  /** Takes the handles as they are. */
  public View {
    handles = List.copyOf(handles);
  }

  /**
   * Finds the disks.
   *
   * @param folder from the export's root
   * @param files names of the disks' files in it
   */
  public static View find(NfsSession session, String name, String folder, List<String> files)
      throws IOException {
    byte[] directory = session.directory(folder);
    List<byte[]> handles = new ArrayList<>();
    for (String file : files) {
      handles.add(
          session
              .lookup(directory, file)
              .orElseThrow(() -> new NfsException("LOOKUP " + folder + "/" + file, Nfs3.ERR_NOENT))
              .handle());
    }
    return new View(name, handles);
  }
}
