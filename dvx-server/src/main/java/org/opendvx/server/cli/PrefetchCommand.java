package org.opendvx.server.cli;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.PeerView;
import org.opendvx.server.api.PrefetchRequest;
import org.opendvx.server.api.PrefetchView;
import org.opendvx.server.api.PrefetchesView;
import org.opendvx.server.api.ReadTiersView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "prefetch",
    description = "What is fetched ahead for machines that move to this host.",
    subcommands = {PrefetchCommand.ListAll.class, PrefetchCommand.Start.class})
final class PrefetchCommand extends Group {
  private static final int BAR = 20;

  @Command(
      name = "list",
      description = "How far it has come, and where this host's reads are answered from.",
      footer = {"", "Example: dvx prefetch list --watch"})
  static final class ListAll extends LookCommand {
    @Override
    void look(RestClient node) {
      PrefetchesView view = node.get("prefetch", PrefetchesView.class);
      print(view, () -> render(view));
    }
  }

  @Command(
      name = "start",
      description = {
        "Fetch ahead for a machine as if it moved to this host.",
        "",
        "The machine stays where it is, and so do its files: see dvx vm move-simulate."
      },
      footer = {"", "Example: dvx prefetch start web1 --from host2 --announced"})
  static final class Start extends ClientCommand {
    @Parameters(
        paramLabel = "VM",
        description =
            "Its name, CONNECTION/ID, or a folder of the datastore with a slash in front.")
    private String vm;

    @Option(
        names = "--from",
        paramLabel = "HOST",
        description = "The host that it comes from. Without it: as if that were dead.")
    private @Nullable String from;

    @Option(names = "--announced", description = "It has yet to move: look again until it has.")
    private boolean announced;

    @SuppressWarnings("NullAway.Init") // picocli sets the annotated fields
    Start() {}

    @Override
    int run(RestClient node) {
      PrefetchesView view =
          node.post(
              "prefetch",
              new PrefetchRequest(vm, Objects.requireNonNullElse(from, ""), announced),
              PrefetchesView.class);
      print(view, () -> render(view));
      return 0;
    }
  }

  private static String render(PrefetchesView view) {
    Table table =
        new Table(
            "MACHINE",
            "FROM",
            "STATE",
            "PROGRESS",
            ">HOT",
            ">SKIPPED",
            ">PEERS",
            ">POOL",
            ">USED",
            "NOTE");
    for (PrefetchView run : view.items()) {
      table.row(
          run.name(),
          run.source(),
          Words.lower(run.state()),
          bar(run),
          Words.bytes(run.hotBytes()),
          Words.bytes(run.skippedBytes()),
          Words.bytes(run.peerBytes()),
          Words.bytes(run.poolBytes()),
          Words.bytes(run.usedBytes()),
          run.note());
    }
    ReadTiersView reads = view.reads();
    return reads == null ? table.render() : table.render() + System.lineSeparator() + tiers(reads);
  }

  private static String bar(PrefetchView run) {
    long done = run.skippedBytes() + run.peerBytes() + run.poolBytes() + run.missedBytes();
    double share = run.hotBytes() == 0 ? 0 : Math.min(1, (double) done / run.hotBytes());
    int filled = (int) (share * BAR);
    return "[" + "#".repeat(filled) + ".".repeat(BAR - filled) + "] " + (int) (share * 100) + " %";
  }

  private static String tiers(ReadTiersView reads) {
    Table peers = new Table("HOST", "FLASH", ">CHUNKS", ">DAMAGED", ">FAILED", ">MS", "NOT ASKED");
    for (PeerView peer : reads.peers()) {
      peers.row(
          peer.name(),
          peer.flash() ? "yes" : "no",
          peer.chunks(),
          peer.damaged(),
          peer.failures(),
          Math.round(peer.millis() * 10) / 10.0,
          peer.notAsked());
    }
    return Table.facts(
            "Mode", reads.mode().equals("FLASH") ? "own flash" : "peer cache mode: no flash works",
            "Chunks read from memory", reads.ramChunks(),
            "from own flash", reads.flashChunks(),
            "from other hosts", reads.peerChunks(),
            "from the pool", reads.poolChunks(),
            "given to other hosts", reads.servedChunks(),
            "Received from hosts", Words.bytes(reads.receivedBytes()),
            "Sent to hosts", Words.bytes(reads.sentBytes()),
            "Memory for summaries", Words.bytes(reads.summaryBytes()))
        + System.lineSeparator()
        + peers.render();
  }
}
