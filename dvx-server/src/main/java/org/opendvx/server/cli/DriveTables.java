package org.opendvx.server.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.DriveView;
import org.opendvx.server.api.DriveWorkView;
import org.opendvx.server.api.DrivesView;
import org.opendvx.server.api.ScrubFindingView;
import org.opendvx.server.api.ScrubView;

/** The drives as people see them. */
final class DriveTables {
  private static final int BAR = 30;

  private DriveTables() {}

  static String drives(DrivesView view) {
    Table drives =
        new Table(">DRIVE", "STATE", ">SIZE", ">USED", ">SHARDS", ">ERRORS", "PATH", "REASON");
    for (DriveView drive : view.drives()) {
      drives.row(
          drive.index(),
          state(drive),
          Words.bytes(drive.totalBytes()),
          Words.bytes(drive.usedBytes()),
          drive.shards(),
          view.scrub() == null ? "-" : drive.readErrors() + drive.badShards(),
          drive.path(),
          drive.reason().isEmpty() ? drive.note() : drive.reason());
    }
    List<Object> facts = new ArrayList<>();
    facts.addAll(List.of("Pool", Words.lower(view.health()) + ": " + view.summary()));
    facts.addAll(List.of("Raw", Words.bytes(view.rawBytes())));
    facts.addAll(List.of("Usable", Words.bytes(view.usableBytes())));
    Long effective = view.effectiveBytes();
    facts.addAll(
        List.of(
            "Effective",
            effective == null
                ? "known to the hosts alone, which reduce the data"
                : "about " + Words.bytes(effective) + " as data reduces now"));
    facts.addAll(List.of("Free", Words.bytes(view.freeBytes())));
    facts.addAll(
        List.of("Containers", view.containers() + ", " + view.degradedContainers() + " degraded"));
    work(facts, "Rebuild", view.rebuild());
    work(facts, "Balance", view.balance());
    ScrubView scrub = view.scrub();
    if (scrub == null) {
      facts.addAll(List.of("Care", "the data node looks after them: dvx drives there"));
    } else {
      facts.addAll(List.of("Scrub", line(scrub)));
    }
    return Table.facts(facts.toArray()) + System.lineSeparator() + drives.render();
  }

  private static String state(DriveView drive) {
    String state = Words.lower(drive.state());
    if (drive.leaving()) {
      return state + ", leaving";
    }
    return drive.suspected() ? state + ", suspected" : state;
  }

  private static void work(List<Object> facts, String name, @Nullable DriveWorkView work) {
    if (work == null || work.phase().equals("IDLE")) {
      return;
    }
    String text =
        work.phase().equals("RUNNING")
            ? bar(work.done(), work.total())
            : Words.lower(work.phase()) + ": " + work.reason();
    facts.addAll(List.of(name, text));
  }

  private static String line(ScrubView scrub) {
    String found =
        scrub.found() == 0
            ? "nothing bad"
            : scrub.found() + " bad shards, " + scrub.repaired() + " repaired";
    if (scrub.running()) {
      return bar(scrub.done(), scrub.total()) + ", " + found;
    }
    return scrub.finished() == null
        ? "none yet"
        : "last ended " + Words.time(scrub.finished()) + ", " + found;
  }

  static String scrub(ScrubView scrub) {
    Table findings =
        new Table("TIME", ">DRIVE", ">CONTAINER", ">SHARD", ">OFFSET", "WHAT", "REPAIRED", "PATH");
    for (ScrubFindingView finding : scrub.findings()) {
      findings.row(
          Words.time(finding.time()),
          finding.drive(),
          finding.container(),
          finding.shard(),
          finding.offset(),
          finding.what(),
          finding.repaired() ? "yes" : "no",
          finding.path());
    }
    return Table.facts(
            "Scrub", line(scrub),
            "Containers", scrub.done() + " of " + scrub.total(),
            "Read", Words.bytes(scrub.bytes()))
        + (scrub.findings().isEmpty() ? "" : System.lineSeparator() + findings.render());
  }

  private static String bar(long done, long total) {
    int percent = total == 0 ? 0 : (int) Math.min(100, 100 * done / total);
    int full = BAR * percent / 100;
    return "[" + "#".repeat(full) + ".".repeat(BAR - full) + "] " + percent + " %";
  }
}
