package org.opendvx.server.cli;

import java.util.List;

/** All commands of this package. */
public final class ClientCommands {
  private ClientCommands() {}

  /**
   * In the order in which help shows them.
   *
   * @param offline verifies what a node that does not run has stored
   */
  public static List<Object> all(OfflineVerification offline) {
    return List.of(
        new StatusCommand(),
        new DatastoreCommand(),
        new DrivesCommand(),
        new CleanCommand(),
        new VerifyCommand(offline),
        new VcenterCommand(),
        new RhvCommand(),
        new VmCommand(),
        new PrefetchCommand(),
        new SnapshotCommand(),
        new RestoreCommand(),
        new CloneCommand(),
        new PolicyCommand(),
        new GroupCommand(),
        new AgentCommand(),
        new AuditCommand(),
        new TaskCommand(),
        new EventsCommand(),
        new TokenCommand(),
        new CompletionCommand());
  }
}
