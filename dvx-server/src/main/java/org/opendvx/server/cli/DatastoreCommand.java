package org.opendvx.server.cli;

import org.opendvx.server.api.DatastoreView;
import picocli.CommandLine.Command;

@Command(
    name = "datastore",
    description = "The datastore: room, what reduction saves, and what clients mount.")
final class DatastoreCommand extends LookCommand {
  @Override
  void look(RestClient node) {
    DatastoreView view = node.get("datastore", DatastoreView.class);
    print(view, () -> Tables.datastore(view));
  }
}
