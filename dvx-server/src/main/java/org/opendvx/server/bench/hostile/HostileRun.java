package org.opendvx.server.bench.hostile;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.bench.report.ProcessCpu;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;

/** One attack from first to last on the calling thread. */
public final class HostileRun {
  private static final long SECOND = 1_000_000_000L;
  private static final long SETTLE_NANOS = 3 * SECOND;
  private static final int DESCRIPTOR_SLACK = 16;
  private static final int SCRATCH_BYTES = 1 << 20;

  private final HostileSettings settings;
  private final List<Attackers> fronts = new ArrayList<>();
  private final OversizedRecords oversized;
  private long residentEarly;

  /** Takes what to do. */
  public HostileRun(HostileSettings settings) {
    this.settings = settings;
    this.oversized = new OversizedRecords(settings.refusalLimit());
  }

  /** Attacks, then looks whether the server still works. */
  public HostileReport run() throws IOException {
    List<Long> pids = settings.serverPids();
    long residentBefore = ProcessCpu.residentBytes(pids);
    long descriptorsBefore = ProcessCpu.descriptors(pids);
    long began = System.nanoTime();
    try (HonestProbe probe = new HonestProbe(settings.target(), settings.seed())) {
      probe.begin();
      openFronts();
      try {
        attack(probe);
      } finally {
        for (Attackers front : fronts) {
          front.close();
        }
      }
      settle();
      boolean works = probe.worksAfterwards();
      probe.disconnect();
      LockSupport.parkNanos(SECOND);
      HostileReport.ProcessFigures process =
          pids.isEmpty()
              ? null
              : new HostileReport.ProcessFigures(
                  residentBefore,
                  residentEarly,
                  ProcessCpu.residentBytes(pids),
                  descriptorsBefore,
                  ProcessCpu.descriptors(pids));
      return report(probe, works, process, (System.nanoTime() - began) / 1e9);
    }
  }

  private void openFronts() throws IOException {
    Target target = settings.target();
    byte[] directory;
    byte[] file;
    InetSocketAddress nfs;
    try (NfsSession session = NfsSession.open(target)) {
      nfs = session.address();
      String name = "dvx-hostile-" + Long.toHexString(settings.seed());
      directory = scratch(session, name);
      file = session.create(directory, "scratch").handle();
      session.resize(file, SCRATCH_BYTES);
    }
    SampleCalls samples = new SampleCalls(target.who(), directory, file, target.export());
    Attackers first = front(nfs, samples.nfs(), settings.connections());
    first.addSlow(settings.slowConnections(), samples.nfs().getFirst());
    first.addDeaf(settings.deafConnections(), samples.largeRead());
    int few = Math.max(1, settings.connections() / 4);
    if (target.mountPort() != 0) {
      front(new InetSocketAddress(target.host(), target.mountPort()), samples.mount(), few);
    }
    if (settings.portmapPort() != 0) {
      front(new InetSocketAddress(target.host(), settings.portmapPort()), samples.portmap(), few);
    }
  }

  private static byte[] scratch(NfsSession session, String name) throws IOException {
    var found = session.lookup(session.root(), name);
    return found.isPresent()
        ? found.get().handle()
        : session.makeDirectory(session.root(), name).handle();
  }

  private Attackers front(InetSocketAddress address, List<byte[]> samples, int connections) {
    long seed = settings.seed() * 31 + fronts.size();
    Attackers front =
        new Attackers(address, new Mutator(seed, samples), oversized, connections, seed);
    fronts.add(front);
    return front;
  }

  private void attack(HonestProbe probe) throws IOException {
    long began = System.nanoTime();
    long end = began + settings.time().toNanos();
    long nextSecond = began;
    long struck = 0;
    while (true) {
      long now = System.nanoTime();
      if (now - end >= 0) {
        return;
      }
      long due = Math.round((now - began) / (double) SECOND * settings.rate());
      while (struck < due) {
        // Every fourth message goes to MOUNT or portmap, where those are attacked.
        int front = struck % 4 == 3 ? (int) (struck / 4 % fronts.size()) : 0;
        fronts.get(front).strike();
        struck++;
      }
      oversized.poll();
      if (now - nextSecond >= 0) {
        nextSecond = now + SECOND;
        probe.check();
        for (Attackers front : fronts) {
          front.drip();
        }
        if (residentEarly == 0 && now - began > settings.time().toNanos() / 4) {
          residentEarly = ProcessCpu.residentBytes(settings.serverPids());
        }
      }
      LockSupport.parkNanos(1_000_000L);
    }
  }

  private void settle() throws IOException {
    long until = System.nanoTime() + SETTLE_NANOS;
    while (System.nanoTime() - until < 0 || !oversized.isEmpty()) {
      oversized.poll();
      LockSupport.parkNanos(10_000_000L);
    }
  }

  private HostileReport report(
      HonestProbe probe,
      boolean works,
      HostileReport.@Nullable ProcessFigures process,
      double seconds) {
    Map<Attack, Long> sent = new EnumMap<>(Attack.class);
    fronts.forEach(front -> front.sent().forEach((kind, n) -> sent.merge(kind, n, Long::sum)));
    List<String> problems = new ArrayList<>();
    if (!works) {
      problems.add("the server does not work any more: " + probe.lastFailure());
    }
    if (probe.failures() > 0) {
      problems.add("honest calls failed beside the attack: " + probe.lastFailure());
    }
    if (oversized.accepted() > 0) {
      problems.add(
          "a record of 2 GiB was not refused within " + settings.refusalLimit().toMillis() + " ms");
    }
    if (process != null
        && process.descriptorsAfter() > process.descriptorsBefore() + DESCRIPTOR_SLACK) {
      problems.add("the server keeps descriptors of connections that are closed");
    }
    if (process != null
        && process.residentAfter() - process.residentEarly() > settings.growthLimit()) {
      problems.add(
          "the server's memory grew by "
              + ((process.residentAfter() - process.residentEarly()) >> 20)
              + " MiB after a quarter of the time");
    }
    return new HostileReport(
        settings.target().toString(),
        settings.seed(),
        seconds,
        sent,
        fronts.stream().mapToLong(Attackers::closedByServer).sum(),
        fronts.stream().mapToLong(Attackers::connectFailures).sum(),
        oversized.refused(),
        oversized.accepted(),
        oversized.slowestMillis(),
        probe.count(),
        probe.failures(),
        probe.slowestMillis(),
        works,
        process,
        problems);
  }
}
