package org.opendvx.server.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.bench.ledger.AckLog;
import org.opendvx.server.bench.ledger.BlockLedger;
import org.opendvx.server.bench.load.LoadRunner;
import org.opendvx.server.bench.load.LoadRunner.Measured;
import org.opendvx.server.bench.load.LoadSettings;
import org.opendvx.server.bench.load.LoadStats;
import org.opendvx.server.bench.load.Outages;
import org.opendvx.server.bench.load.RemoteFiles;
import org.opendvx.server.bench.pattern.BlockPattern;
import org.opendvx.server.bench.pattern.PatternSettings;
import org.opendvx.server.bench.report.LoadReport;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;

/** One run of {@code dvx bench nfs} from mount to report. */
final class NfsBench {
  /** Generations of a run begin here, above those of every run that began a second earlier. */
  private static final int STEPS_A_SECOND_BITS = 20;

  private final Plan plan;
  private final Progress progress;

  /**
   * What to do around the load.
   *
   * @param target server and export
   * @param directory path below the export
   * @param settings the load
   * @param pattern content
   * @param prefill whether to write every block first
   * @param verify whether to read every block afterwards
   * @param remove whether to remove the files at the end
   * @param ackLog where to keep account for a check after a crash
   * @param readyLimit how long to wait for the server at first
   * @param naming how the report calls it all, and whose processor time to measure
   */
  record Plan(
      Target target,
      String directory,
      LoadSettings settings,
      PatternSettings pattern,
      boolean prefill,
      boolean verify,
      boolean remove,
      @Nullable Path ackLog,
      Duration readyLimit,
      ReportBuilder.Naming naming) {}

  NfsBench(Plan plan, Progress progress) {
    this.plan = plan;
    this.progress = progress;
  }

  /** A generation that is newer than those of earlier runs without a log. */
  static long freshBase() {
    return (System.currentTimeMillis() / 1000) << STEPS_A_SECOND_BITS;
  }

  /** Runs the load and returns its figures. */
  LoadReport run() {
    Path file = plan.ackLog();
    if (file == null) {
      return run(new BlockLedger(plan.settings().span(), freshBase(), BlockLedger.unrecorded()));
    }
    AckLog.Head wanted = new AckLog.Head(plan.settings().span(), plan.pattern(), freshBase());
    boolean known = Files.exists(file);
    try (AckLog log = AckLog.open(file, wanted)) {
      progress.onTick(log::flush);
      BlockLedger ledger = new BlockLedger(log.head().span(), log.head().base(), log);
      if (known) {
        AckLog.replay(file, ledger);
      }
      return run(ledger);
    }
  }

  /** Checks what a log says must be there; nothing is written. */
  static LoadReport check(Plan plan, Path file, Progress progress) {
    AckLog.Head head = AckLog.readHead(file);
    BlockLedger ledger = new BlockLedger(head.span(), head.base(), BlockLedger.unrecorded());
    AckLog.replay(file, ledger);
    ReportBuilder report = new ReportBuilder(plan);
    try (NfsSession session = Readiness.open(plan.target(), plan.readyLimit())) {
      report.ready();
      RemoteSetup setup = new RemoteSetup(session, plan.target(), head.span(), plan.directory());
      Outages outages = new Outages();
      LoadRunner runner =
          new LoadRunner(
              plan.settings(),
              ledger,
              new BlockPattern(head.pattern()),
              setup.find(),
              outages,
              progress.monitor(() -> {}));
      report.checked(runner.readBack(setup.limits().readLimit()));
      return report.build(ledger, outages);
    } catch (IOException e) {
      throw Readiness.failed("The check could not be made", e);
    }
  }

  private LoadReport run(BlockLedger ledger) {
    ReportBuilder report = new ReportBuilder(plan);
    Outages outages = new Outages();
    try (NfsSession session = Readiness.open(plan.target(), plan.readyLimit())) {
      report.ready();
      RemoteSetup setup = new RemoteSetup(session, plan.target(), ledger.span(), plan.directory());
      NfsSession.Limits limits = setup.limits();
      boolean mustExist =
          ledger.durableBlocks() > 0 || (plan.settings().mode().isReadOnly() && !plan.prefill());
      RemoteFiles files = mustExist ? setup.find() : setup.prepare();
      LoadRunner runner =
          new LoadRunner(
              plan.settings(),
              ledger,
              new BlockPattern(plan.pattern()),
              files,
              outages,
              progress.monitor(report::measuring));
      if (plan.prefill()) {
        report.filled(runner.fill(limits.writeLimit()));
      }
      Measured measured = runner.measure();
      report.measured(measured, outages.count() == 0);
      if (measured.disconnected()) {
        awaitReturn(outages);
      }
      if (plan.verify() && (measured.complete() || measured.disconnected())) {
        LoadStats checks = runner.readBack(limits.readLimit());
        report.checked(checks);
      }
      progress.end();
    } catch (IOException e) {
      throw Readiness.failed("The load could not be run", e);
    }
    if (plan.remove()) {
      removeFiles(ledger);
    }
    return report.build(ledger, outages);
  }

  private void awaitReturn(Outages outages) throws IOException {
    Readiness.open(plan.target(), plan.settings().outageLimit()).close();
    long now = System.nanoTime();
    outages.answered(now, now);
  }

  private void removeFiles(BlockLedger ledger) {
    try (NfsSession session = Readiness.open(plan.target(), Duration.ZERO)) {
      new RemoteSetup(session, plan.target(), ledger.span(), plan.directory()).remove();
    } catch (IOException e) {
      throw Readiness.failed("The files of the load could not be removed", e);
    }
  }
}
