package org.opendvx.rhv.sim;

import static org.ovirt.engine.sdk4.builders.Builders.cluster;
import static org.ovirt.engine.sdk4.builders.Builders.clusterLevel;
import static org.ovirt.engine.sdk4.builders.Builders.dataCenter;
import static org.ovirt.engine.sdk4.builders.Builders.host;
import static org.ovirt.engine.sdk4.builders.Builders.permit;
import static org.ovirt.engine.sdk4.builders.Builders.role;
import static org.ovirt.engine.sdk4.builders.Builders.vnicProfile;

import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.ovirt.api.metamodel.runtime.xml.XmlWriter;
import org.ovirt.engine.sdk4.builders.Builders;
import org.ovirt.engine.sdk4.internal.xml.XmlActionWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlApiWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlClusterLevelWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlClusterWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlDataCenterWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlEventWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlHostWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlPermitReader;
import org.ovirt.engine.sdk4.internal.xml.XmlPermitWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlRoleReader;
import org.ovirt.engine.sdk4.internal.xml.XmlRoleWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlVnicProfileWriter;
import org.ovirt.engine.sdk4.types.Permit;
import org.ovirt.engine.sdk4.types.Role;

/** The simulated engine's API. Called under the engine's lock. */
final class SimApi {
  /** Names of permits as an engine has them, a few of the many. */
  static final List<String> PERMITS =
      List.of(
          "login",
          "manipulate_vm_snapshots",
          "vm_basic_operations",
          "edit_vm_properties",
          "create_vm",
          "delete_vm",
          "create_disk",
          "attach_disk",
          "edit_disk_properties",
          "delete_disk",
          "create_storage_domain",
          "manipulate_storage_domain",
          "delete_storage_domain",
          "import_export_vm",
          "configure_vm_network",
          "configure_vm_storage",
          "manipulate_roles",
          "migrate_vm",
          "create_host");

  private final SimState state;
  private final SimDomains domains;
  private final SimVms vms;
  private final Consumer<String> violation;

  /** How a page of events is spoilt: doubled, shuffled. */
  boolean unruly;

  /** An answer. */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Answer(int code, byte[] body) {
    static Answer of(Consumer<XmlWriter> body) {
      return new Answer(200, SimXml.write(body));
    }

    static Answer done() {
      return of(xml -> XmlActionWriter.writeOne(Builders.action().status("complete").build(), xml));
    }
  }

  SimApi(SimState state, HostMount mount, String folder, Consumer<String> violation) {
    this.state = state;
    this.violation = violation;
    this.domains = new SimDomains(state, mount, folder);
    this.vms = new SimVms(state, domains, violation);
  }

  SimDomains domains() {
    return domains;
  }

  Answer handle(String user, String method, String path, Map<String, String> query, byte[] body) {
    String[] part = path.isEmpty() ? new String[] {""} : path.substring(1).split("/", -1);
    require(user, "login");
    return switch (part[0]) {
      case "" -> Answer.of(xml -> XmlApiWriter.writeOne(about(), xml));
      case "clusters" -> clusters(method, part);
      case "clusterlevels" -> levels(method, part);
      case "hosts" -> hosts(method, part);
      case "vnicprofiles" ->
          Answer.of(
              xml ->
                  XmlVnicProfileWriter.writeMany(
                      List.of(vnicProfile().id(state.profile).name("ovirtmgmt").build()).iterator(),
                      xml));
      case "events" -> events(method, query);
      case "roles" -> roles(user, method, part, body);
      case "datacenters" ->
          part.length > 2
              ? domains.attached(this, user, method, part, body)
              : dataCenters(method, part);
      case "storagedomains" -> domains.handle(this, user, method, part, query, body);
      case "disks" -> domains.disks(this, user, method, part, body);
      case "vms" -> vms.handle(this, user, method, part, query, body);
      default -> throw unknown(method, path);
    };
  }

  Refusal unknown(String method, String path) {
    violation.accept(method + " " + path + " is not of this API");
    return Refusal.notFound(path);
  }

  void require(String user, String permit) {
    Set<String> granted = state.grants.get(user);
    if (granted != null && !granted.contains(permit)) {
      throw new Refusal(403, "[User is not authorized to perform this action.] (" + permit + ")");
    }
  }

  private static org.ovirt.engine.sdk4.types.Api about() {
    return Builders.api()
        .time(Date.from(Instant.now()))
        .productInfo(
            Builders.productInfo()
                .name("oVirt Engine")
                .vendor("ovirt.org")
                .version(Builders.version().fullVersion("4.5.8").major(4).minor(5)))
        .build();
  }

  private Answer dataCenters(String method, String[] part) {
    get(method);
    var it = dataCenter().id(state.dataCenter).name("Default").build();
    return part.length == 1
        ? Answer.of(xml -> XmlDataCenterWriter.writeMany(List.of(it).iterator(), xml))
        : Answer.of(xml -> XmlDataCenterWriter.writeOne(it, xml));
  }

  private Answer clusters(String method, String[] part) {
    get(method);
    var it =
        cluster()
            .id(state.cluster)
            .name("Default")
            .dataCenter(dataCenter().id(state.dataCenter))
            .build();
    return part.length == 1
        ? Answer.of(xml -> XmlClusterWriter.writeMany(List.of(it).iterator(), xml))
        : Answer.of(xml -> XmlClusterWriter.writeOne(it, xml));
  }

  private Answer levels(String method, String[] part) {
    get(method);
    List<Permit> permits =
        IntStream.range(0, PERMITS.size())
            .mapToObj(
                i ->
                    permit()
                        .id(Integer.toString(i + 1))
                        .name(PERMITS.get(i))
                        .administrative(PERMITS.get(i).contains("storage_domain"))
                        .build())
            .toList();
    var level = clusterLevel().id("4.7").permits(permits).build();
    return part.length == 1
        ? Answer.of(xml -> XmlClusterLevelWriter.writeMany(List.of(level).iterator(), xml))
        : Answer.of(xml -> XmlClusterLevelWriter.writeOne(level, xml));
  }

  private Answer hosts(String method, String[] part) {
    get(method);
    var all =
        state.hosts.values().stream()
            .filter(each -> part.length == 1 || each.id.equals(part[1]))
            .map(
                each ->
                    host()
                        .id(each.id)
                        .name(each.name)
                        .address(each.address)
                        .status(each.status)
                        .cluster(cluster().id(state.cluster))
                        .build())
            .toList();
    if (part.length == 1) {
      return Answer.of(xml -> XmlHostWriter.writeMany(all.iterator(), xml));
    }
    if (all.isEmpty()) {
      throw Refusal.notFound(part[1]);
    }
    return Answer.of(xml -> XmlHostWriter.writeOne(all.getFirst(), xml));
  }

  /** Newer than {@code from}, newest first; {@code max} cuts the oldest. */
  private Answer events(String method, Map<String, String> query) {
    get(method);
    long from = Long.parseLong(query.getOrDefault("from", "-1"));
    long max = Long.parseLong(query.getOrDefault("max", "100000"));
    var page =
        new java.util.ArrayList<>(
            state.events.reversed().stream()
                .filter(each -> each.id() > from)
                .limit(max)
                .map(SimXml::of)
                .toList());
    if (unruly && page.size() > 1) {
      page.add(page.getFirst());
      java.util.Collections.swap(page, 0, page.size() / 2);
    }
    return Answer.of(xml -> XmlEventWriter.writeMany(page.iterator(), xml));
  }

  private Answer roles(String user, String method, String[] part, byte[] body) {
    if (part.length == 1 && method.equals("GET")) {
      return Answer.of(
          xml ->
              XmlRoleWriter.writeMany(
                  state.roles.values().stream().map(SimApi::view).iterator(), xml));
    }
    require(user, "manipulate_roles");
    if (part.length == 1 && method.equals("POST")) {
      Role wanted = SimXml.read(body, XmlRoleReader::readOne);
      if (state.roles.values().stream().anyMatch(each -> each.name.equals(wanted.name()))) {
        throw Refusal.conflict("Cannot add Role. Role with this name already exists.");
      }
      SimState.SimRole made = new SimState.SimRole();
      made.name = wanted.name();
      made.administrative = wanted.administrativePresent() && wanted.administrative();
      wanted.permits().forEach(each -> made.permits.add(name(each)));
      if (!made.permits.contains("login")) {
        throw new Refusal(400, "[A role needs the permit login]");
      }
      state.roles.put(made.id, made);
      return Answer.of(xml -> XmlRoleWriter.writeOne(view(made), xml));
    }
    SimState.SimRole made = part.length > 1 ? state.roles.get(part[1]) : null;
    if (made == null || part.length < 3 || !part[2].equals("permits")) {
      throw unknown(method, String.join("/", part));
    }
    if (method.equals("GET")) {
      return Answer.of(
          xml ->
              XmlPermitWriter.writeMany(
                  made.permits.stream().map(SimApi::permitOf).iterator(), xml));
    }
    if (!made.mutable) {
      throw Refusal.conflict("Cannot change a predefined role.");
    }
    if (method.equals("POST")) {
      Permit added = SimXml.read(body, XmlPermitReader::readOne);
      made.permits.add(name(added));
      return Answer.of(xml -> XmlPermitWriter.writeOne(permitOf(name(added)), xml));
    }
    if (method.equals("DELETE") && part.length == 4) {
      made.permits.remove(PERMITS.get(Integer.parseInt(part[3]) - 1));
      return Answer.done();
    }
    throw unknown(method, String.join("/", part));
  }

  private static Permit permitOf(String name) {
    return permit().id(Integer.toString(PERMITS.indexOf(name) + 1)).name(name).build();
  }

  private static String name(Permit given) {
    if (given.idPresent()) {
      return PERMITS.get(Integer.parseInt(given.id()) - 1);
    }
    if (!PERMITS.contains(given.name())) {
      throw new Refusal(400, "[There is no permit " + given.name() + "]");
    }
    return given.name();
  }

  private static Role view(SimState.SimRole made) {
    return role()
        .id(made.id)
        .name(made.name)
        .administrative(made.administrative)
        .mutable(made.mutable)
        .build();
  }

  void get(String method) {
    if (!method.equals("GET")) {
      throw unknown(method, "a list");
    }
  }
}
