package org.opendvx.server.wiring;

import java.time.Duration;
import java.util.List;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.datastore.Snapshots;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.Hypervisor;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.core.vm.VmDocument;
import org.opendvx.core.vm.VmRef;
import org.opendvx.core.vm.VmSummary;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvConfig;
import org.opendvx.rhv.inventory.DomainImport;
import org.opendvx.rhv.quiesce.FreezeConsent;
import org.opendvx.rhv.quiesce.FreezeJournal;
import org.opendvx.rhv.restore.NewMachine;
import org.opendvx.rhv.session.EngineCredentials;
import org.opendvx.server.api.FreezeView;
import org.opendvx.server.api.ImportView;
import org.opendvx.server.api.MadeDiskView;
import org.opendvx.server.config.ExportSection;
import org.opendvx.server.node.Parts;
import org.opendvx.server.service.HypervisorConnector;
import org.opendvx.server.service.HypervisorSettings;

/**
 * Connects to oVirt, RHV and OLVM engines. The domain's files are in the folder of the first export
 * that belongs to vdsm.
 */
final class RhvConnector implements HypervisorConnector {
  private static final String VDSM = "36:36";
  private static final Duration CALL_LIMIT = Duration.ofSeconds(60);
  private static final Duration DISK_LIMIT = Duration.ofMinutes(30);

  private final Parts.Surroundings surroundings;
  private final FreezeConsent consent;
  private final FreezeJournal journal;

  RhvConnector(Parts.Surroundings surroundings, FreezeConsent consent, FreezeJournal journal) {
    this.surroundings = surroundings;
    this.consent = consent;
    this.journal = journal;
  }

  @Override
  public String kind() {
    return HypervisorSettings.RHV;
  }

  @Override
  public HypervisorConnector.Connection connect(HypervisorSettings settings) {
    TlsTrust trust = TlsTrust.of(settings.certificateSha256(), settings.caFile());
    String folder =
        surroundings.config().nfs().exports().stream()
            .filter(export -> export.owner().equals(VDSM))
            .map(ExportSection::folder)
            .findFirst()
            .orElse("");
    return new EngineConnection(
        new Rhv(
            new RhvConfig(
                settings.name(),
                settings.url(),
                EngineCredentials.fromFile(settings.user(), settings.passwordFile()),
                trust,
                surroundings.datastoreName(),
                folder,
                "",
                CALL_LIMIT),
            surroundings.datastore()));
  }

  private final class EngineConnection implements HypervisorConnector.Connection {
    private final Rhv rhv;

    EngineConnection(Rhv rhv) {
      this.rhv = rhv;
    }

    @Override
    public Hypervisor hypervisor() {
      return rhv;
    }

    @Override
    public String about() {
      return rhv.about();
    }

    @Override
    public List<String> createRole(String role) {
      return rhv.createRole(role);
    }

    @Override
    public ImportView importDatastore(Hypervisor.DatastoreMount mount) {
      DomainImport.Imported done = rhv.importDatastore(surroundings.datastore(), mount);
      return new ImportView(done.domain(), done.registered(), done.failed());
    }

    @Override
    public FreezeView freezes() {
      String prefix = rhv.name() + "/";
      return new FreezeView(
          consent.all().stream().filter(each -> each.startsWith(prefix)).toList(),
          RhvWiring.outstanding(journal, rhv.name()),
          FreezeConsent.RISK);
    }

    @Override
    public FreezeView setFreeze(String vm, boolean allowed) {
      List<VmRef> meant =
          rhv.vms().stream()
              .filter(each -> each.name().equals(vm) || each.ref().id().equals(vm))
              .map(VmSummary::ref)
              .toList();
      if (meant.size() != 1) {
        throw DvxException.of(Kind.NOT_FOUND, "Which machine is meant is not clear")
            .cause(meant.size() + " machines of " + rhv.name() + " have the name or id " + vm)
            .remedy("Give the id of one")
            .build();
      }
      consent.set(meant.getFirst(), allowed);
      return freezes();
    }

    @Override
    public MadeDiskView makeDisk(String snapshot, String disk, String alias) {
      Datastore datastore = surroundings.datastore();
      Snapshots.SnapshotInfo info =
          datastore
              .snapshots()
              .find(snapshot)
              .flatMap(found -> datastore.snapshots().snapshot(found.id()))
              .orElseThrow(
                  () ->
                      DvxException.of(Kind.NOT_FOUND, "There is no snapshot " + snapshot)
                          .remedy("dvx snapshot list shows them")
                          .build());
      NewMachine.MadeDisk made =
          new NewMachine(rhv, datastore)
              .makeDisk(
                  info.id(), VmDocument.decode(info.document()).vm(), disk, alias, DISK_LIMIT);
      return new MadeDiskView(made.id(), alias, made.path(), made.shared(), made.copied());
    }
  }
}
