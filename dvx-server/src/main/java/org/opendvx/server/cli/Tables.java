package org.opendvx.server.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.opendvx.server.api.AgentView;
import org.opendvx.server.api.AuditView;
import org.opendvx.server.api.DatastoreView;
import org.opendvx.server.api.EventView;
import org.opendvx.server.api.ExportView;
import org.opendvx.server.api.GroupView;
import org.opendvx.server.api.HostOutcome;
import org.opendvx.server.api.HostView;
import org.opendvx.server.api.HypervisorView;
import org.opendvx.server.api.MemberView;
import org.opendvx.server.api.PolicyView;
import org.opendvx.server.api.Problem;
import org.opendvx.server.api.SnapshotDetail;
import org.opendvx.server.api.SnapshotTaken;
import org.opendvx.server.api.SnapshotView;
import org.opendvx.server.api.StatusView;
import org.opendvx.server.api.TaskView;
import org.opendvx.server.api.TokenView;
import org.opendvx.server.api.VmDetail;
import org.opendvx.server.api.VmView;
import org.opendvx.server.service.Counted;

/** How each thing looks as a table. */
final class Tables {
  private Tables() {}

  static String status(StatusView view) {
    String warnings =
        view.warnings().stream()
            .map(warning -> "warning: " + warning + System.lineSeparator())
            .collect(Collectors.joining());
    return warnings
        + Table.facts(
            "Node", view.node(),
            "Version", view.version(),
            "State", Words.lower(view.state()),
            "Pool", view.summary(),
            "Drives", view.activeDrives() + " of " + view.drives() + " active",
            "May still lose", Counted.of(view.toleratedLosses(), "drive"),
            "Snapshots", view.snapshots(),
            "Hypervisors", view.hypervisors(),
            "Running tasks", view.runningTasks(),
            "Clients slowed", view.congested() ? "yes, the journal is behind" : "no",
            "Up for", Words.duration(view.uptimeSeconds()));
  }

  static String datastore(DatastoreView view) {
    Table exports = new Table("EXPORT", "CLIENTS", "OWNER");
    for (ExportView export : view.exports()) {
      exports.row(export.path(), String.join(" ", export.clients()), export.owner());
    }
    return Table.facts(
            "Name", view.name(),
            "Room", Words.bytes(view.totalBytes()),
            "Free", Words.bytes(view.freeBytes()),
            "Written", Words.bytes(view.logicalWrittenBytes()),
            "Not duplicates", Words.bytes(view.uniqueWrittenBytes()),
            "Stored", Words.bytes(view.storedWrittenBytes()),
            "Reduction", Words.ratio(view.reduction()),
            "Reclaimable", reclaimable(view),
            "Cleaned", Words.bytes(view.cleanedBytes()),
            "Files", view.files(),
            "Snapshots", view.snapshots(),
            "NFS", view.address() + " port " + view.nfsPort() + ", mount port " + view.mountPort(),
            "Portmapper", view.portmapper())
        + System.lineSeparator()
        + exports.render();
  }

  private static String reclaimable(DatastoreView view) {
    Long bytes = view.reclaimableBytes();
    return bytes == null ? "not known yet" : "about " + Words.bytes(bytes);
  }

  static String hypervisors(List<HypervisorView> views) {
    Table table = new Table("NAME", "STATE", "URL", "USER", "FROM", "PROBLEM");
    views.forEach(
        view ->
            table.row(
                view.name(),
                Words.lower(view.state()),
                view.url(),
                view.user(),
                view.source(),
                view.problem()));
    return table.render();
  }

  static String hosts(List<HostView> views) {
    Table table = new Table("HOST", "ADDRESS", "CONNECTED", "DATASTORE");
    views.forEach(
        view ->
            table.row(
                view.name(),
                view.address(),
                view.connected() ? "yes" : "no",
                view.mounted() ? "mounted" : "-"));
    return table.render();
  }

  static String outcomes(List<HostOutcome> outcomes) {
    Table table = new Table("HOST", "OUTCOME", "REASON");
    outcomes.forEach(one -> table.row(one.host(), Words.lower(one.outcome()), one.reason()));
    return table.render();
  }

  static String vms(List<VmView> views) {
    Table table = new Table("NAME", "POWER", "HOST", "DATASTORE", "ID");
    views.forEach(
        view ->
            table.row(
                view.name(),
                Words.lower(view.power()),
                view.host(),
                view.onDatastore() ? "yes" : "no",
                view.hypervisor() + "/" + view.id()));
    return table.render();
  }

  static String vm(VmDetail view) {
    Table disks = new Table("DISK", ">SIZE", "WHERE");
    view.disks()
        .forEach(
            disk ->
                disks.row(
                    disk.label(),
                    Words.bytes(disk.capacityBytes()),
                    disk.chain().isEmpty() ? "" : disk.chain().getFirst()));
    view.foreignDisks()
        .forEach(
            disk ->
                disks.row(
                    disk.label(),
                    "",
                    disk.backing() + " (not protected: " + Words.lower(disk.reason()) + ")"));
    StringBuilder hardware = new StringBuilder();
    view.hardware()
        .forEach(
            (name, value) ->
                hardware.append(hardware.isEmpty() ? "" : ", ").append(name + " " + value));
    return Table.facts(
            "Name", view.name(),
            "Id", view.hypervisor() + "/" + view.id(),
            "Power", Words.lower(view.power()),
            "Host", view.host(),
            "Hardware", hardware,
            "Configuration", view.configuration(),
            "Files here", view.files().size(),
            "Hypervisor snapshots", view.hypervisorSnapshots() ? "yes" : "none")
        + System.lineSeparator()
        + disks.render();
  }

  static String snapshots(List<SnapshotView> views) {
    Table table =
        new Table("NAME", "CREATED", "VM", "CONSISTENCY", ">FILES", ">SIZE", "ID", "LABELS");
    views.forEach(
        view ->
            table.row(
                view.name(),
                Words.time(view.created()),
                view.vm(),
                Words.lower(view.consistency()),
                view.files(),
                Words.bytes(view.logicalBytes()),
                view.id(),
                Words.labels(view.labels())));
    return table.render();
  }

  static String snapshot(SnapshotTaken taken) {
    return snapshot(
        taken.snapshot(),
        "Writes held",
        Words.millis(taken.heldNanos()),
        "Durable after",
        Words.millis(taken.totalNanos()));
  }

  private static String snapshot(SnapshotView view, String... more) {
    List<Object> facts =
        new ArrayList<>(
            List.of(
                "Name", view.name(),
                "Id", view.id(),
                "Created", Words.time(view.created()),
                "VM", view.vm() + (view.vmRef().isEmpty() ? "" : " (" + view.vmRef() + ")"),
                "Consistency",
                    Words.lower(view.consistency())
                        + (view.reason().isEmpty() ? "" : ": " + view.reason()),
                "Files", view.files(),
                "Size", Words.bytes(view.logicalBytes()),
                "Labels", Words.labels(view.labels())));
    facts.addAll(List.of(more));
    return Table.facts(facts.toArray());
  }

  static String snapshot(SnapshotDetail detail) {
    Table members = new Table(">SIZE", "FILE");
    for (MemberView member : detail.members()) {
      members.row(Words.bytes(member.sizeBytes()), member.path());
    }
    return snapshot(detail.snapshot()) + System.lineSeparator() + members.render();
  }

  static String tokens(List<TokenView> views) {
    Table table = new Table("ID", "ROLE", "CREATED", "EXPIRES", "NAME");
    views.forEach(
        view ->
            table.row(
                view.id(),
                view.role(),
                Words.time(view.created()),
                Words.time(view.expires()),
                view.name()));
    return table.render();
  }

  static String tasks(List<TaskView> views) {
    Table table = new Table(">ID", "STATE", ">%", "CREATED", "FINISHED", "WHAT");
    views.forEach(
        view ->
            table.row(
                view.id(),
                Words.lower(view.state()),
                view.percent(),
                Words.time(view.created()),
                Words.time(view.finished()),
                view.summary()));
    return table.render();
  }

  static String task(TaskView view) {
    Problem problem = view.problem();
    return Table.facts(
        "Task", view.id(),
        "What", view.summary(),
        "State", Words.lower(view.state()) + ", " + view.percent() + " %",
        "Doing", view.message(),
        "Asked by token", view.owner(),
        "Created", Words.time(view.created()),
        "Finished", Words.time(view.finished()),
        "Error", problem == null ? "" : problem.title() + ": " + problem.detail(),
        "To do", problem == null ? "" : problem.remedy());
  }

  static String events(List<EventView> views) {
    Table table = new Table("TIME", "SEVERITY", "KIND", "SUBJECT", "MESSAGE");
    views.forEach(
        view ->
            table.row(
                Words.time(view.time()),
                Words.lower(view.severity()),
                view.kind(),
                view.subject(),
                view.message()));
    return table.render();
  }

  static String policies(List<PolicyView> views) {
    Table table = new Table("MACHINE", "POLICY");
    views.forEach(view -> table.row(view.vm(), view.policy()));
    return table.render();
  }

  static String groups(List<GroupView> views) {
    Table table = new Table("GROUP", "POLICY", "STRAGGLERS", "MACHINES");
    views.forEach(
        view ->
            table.row(
                view.name(), view.policy(), view.stragglers(), String.join(", ", view.vms())));
    return table.render();
  }

  static String agents(List<AgentView> views) {
    Table table = new Table("ID", "MACHINE", "HOST", "STATE", "CONNECTED", "CERTIFICATE ENDS");
    views.forEach(
        view ->
            table.row(
                view.id(),
                view.vm(),
                view.host(),
                Words.lower(view.state()),
                view.connected() ? "yes" : "no",
                Words.time(view.certificateEnds())));
    return table.render();
  }

  static String agent(AgentView view) {
    return Table.facts(
        "Id", view.id(),
        "Machine", view.vm(),
        "Host", view.host(),
        "Platform", view.platform(),
        "State", Words.lower(view.state()),
        "Connected", view.connected() ? "yes, proved by " + view.proof() : "no",
        "Version", view.version(),
        "Can do", String.join(" ", view.capabilities()),
        "Enrolled", Words.time(view.enrolled()),
        "Certificate ends", Words.time(view.certificateEnds()));
  }

  static String audit(List<AuditView> views) {
    Table table = new Table("N", "TIME", "KIND", "WHO", "SUBJECT", "FACTS");
    views.forEach(
        view ->
            table.row(
                view.id(),
                Words.time(view.time()),
                view.kind(),
                view.who(),
                view.subject(),
                view.facts()));
    return table.render();
  }
}
