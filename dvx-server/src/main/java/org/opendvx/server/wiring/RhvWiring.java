package org.opendvx.server.wiring;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.quiesce.CommandThaw;
import org.opendvx.rhv.quiesce.EngineQuiescer;
import org.opendvx.rhv.quiesce.FreezeAudit;
import org.opendvx.rhv.quiesce.FreezeConsent;
import org.opendvx.rhv.quiesce.FreezeJournal;
import org.opendvx.rhv.quiesce.OtherThaw;
import org.opendvx.server.node.Parts;
import org.opendvx.server.service.EventLog;
import org.opendvx.server.service.HypervisorConnector;
import org.opendvx.server.service.HypervisorRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts the oVirt adapter together for one node: its connector and its quiescer share a state. */
final class RhvWiring {
  private static final Logger LOG = LoggerFactory.getLogger(RhvWiring.class);
  private static final Path OWN_UUID = Path.of("/sys/class/dmi/id/product_uuid");

  /** An administrator may put a program of this name into the folder {@code rhv}. */
  private static final String THAW_PROGRAM = "thaw";

  private final Parts.Surroundings surroundings;
  private final FreezeConsent consent;
  private final FreezeJournal journal;
  private final Path folder;

  RhvWiring(Parts.Surroundings surroundings) {
    this.surroundings = surroundings;
    this.folder = surroundings.state().resolve("rhv");
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw DvxException.of(Kind.INTERNAL, "The folder for oVirt connections cannot be made")
          .causedBy(e)
          .remedy("Check the data folder: space and rights")
          .detail("folder", folder)
          .build();
    }
    this.consent = new FreezeConsent(folder.resolve("freeze-consent"));
    this.journal = new FreezeJournal(folder.resolve("frozen"));
  }

  HypervisorConnector connector() {
    return new RhvConnector(surroundings, consent, journal);
  }

  EngineQuiescer quiescer(HypervisorRegistry hypervisors) {
    Path program = folder.resolve(THAW_PROGRAM);
    OtherThaw other =
        Files.isExecutable(program)
            ? new CommandThaw(program, Duration.ofSeconds(10))
            : OtherThaw.NONE;
    return new EngineQuiescer(
        name -> engine(hypervisors, name), consent, journal, audit(), other, ownMachine());
  }

  private static Optional<Rhv> engine(HypervisorRegistry hypervisors, String name) {
    return hypervisors.names().contains(name) && hypervisors.hypervisor(name) instanceof Rhv rhv
        ? Optional.of(rhv)
        : Optional.empty();
  }

  /** The machine that this process runs in: an engine's id is its machine's BIOS UUID. */
  private static Set<String> ownMachine() {
    try {
      return Files.isReadable(OWN_UUID)
          ? Set.of(
              Files.readString(OWN_UUID, StandardCharsets.US_ASCII)
                  .strip()
                  .toLowerCase(Locale.ROOT))
          : Set.of();
    } catch (IOException e) {
      LOG.warn("the UUID of this machine cannot be read: {}", e.getMessage());
      return Set.of();
    }
  }

  private FreezeAudit audit() {
    EventLog events = surroundings.events();
    return new FreezeAudit() {
      @Override
      public void frozen(VmRef vm, String name) {
        events.add(
            EventLog.Severity.INFO, "vm.frozen", vm.toString(), name + " was frozen by its engine");
      }

      @Override
      public void thawed(VmRef vm, String how, int attempts) {
        events.add(
            EventLog.Severity.INFO,
            "vm.thawed",
            vm.toString(),
            "thawed " + how + (attempts > 1 ? " after " + attempts + " tries" : ""));
      }

      @Override
      public void stuck(VmRef vm, String why) {
        events.add(
            EventLog.Severity.ERROR,
            "vm.thaw-outstanding",
            vm.toString(),
            "may be frozen and is not thawed yet; it is tried again: " + why);
      }

      @Override
      public void migrationCancelled(VmRef vm) {
        events.add(
            EventLog.Severity.WARNING,
            "vm.migration-cancelled",
            vm.toString(),
            "its guest may be frozen and cannot be thawed on the way to another host");
      }
    };
  }

  /** Tells how many guests may be frozen by their engine and are not known to be thawed. */
  void measure(MeterRegistry meters) {
    Gauge.builder("dvx.rhv.thaws.outstanding", journal, each -> each.all().size())
        .description("Guests that an engine may have frozen and that are not thawed yet")
        .register(meters);
  }

  /** For the connector: the machines of a connection that may be frozen now. */
  static List<String> outstanding(FreezeJournal journal, String connection) {
    return journal.all().stream()
        .filter(vm -> vm.hypervisor().equals(connection))
        .map(VmRef::toString)
        .toList();
  }
}
