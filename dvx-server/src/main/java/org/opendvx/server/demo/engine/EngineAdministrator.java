package org.opendvx.server.demo.engine;

import static org.ovirt.engine.sdk4.builders.Builders.cluster;
import static org.ovirt.engine.sdk4.builders.Builders.disk;
import static org.ovirt.engine.sdk4.builders.Builders.diskAttachment;
import static org.ovirt.engine.sdk4.builders.Builders.snapshot;
import static org.ovirt.engine.sdk4.builders.Builders.storageDomain;
import static org.ovirt.engine.sdk4.builders.Builders.template;
import static org.ovirt.engine.sdk4.builders.Builders.vm;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.PowerState;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.core.vm.VmDescription;
import org.opendvx.core.vm.VmRef;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvConfig;
import org.opendvx.rhv.session.EngineCredentials;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.ovirt.engine.sdk4.types.DiskInterface;
import org.ovirt.engine.sdk4.types.DiskStatus;

/** What a person would do in the engine's own client: make a machine with disks, and start it. */
public final class EngineAdministrator implements AutoCloseable {
  private static final String NAME = "demo";
  private static final Duration LIMIT = Duration.ofSeconds(40);
  private static final Duration STEP = Duration.ofMillis(50);

  private final Rhv engine;

  /**
   * Logs in when it is first needed.
   *
   * @param domain name of the storage domain
   * @param folder of the datastore that holds it
   */
  public EngineAdministrator(EngineSimulator simulator, String domain, String folder) {
    engine =
        new Rhv(
            new RhvConfig(
                NAME,
                simulator.url(),
                EngineCredentials.fromFile(simulator.user(), simulator.passwordFile()),
                new TlsTrust.Authority(simulator.authority()),
                domain,
                folder,
                "",
                LIMIT));
  }

  /** Makes a machine without disks; its id. */
  public String makeMachine(String name) {
    return engine
        .session()
        .change(
            "The machine cannot be made",
            system ->
                system
                    .vmsService()
                    .add()
                    .vm(
                        vm().name(name)
                            .cluster(cluster().name("Default"))
                            .template(template().name("Blank")))
                    .send()
                    .vm()
                    .id());
  }

  /** Makes a RAW disk on the domain, waits until it is there, and attaches it; the disk's id. */
  public String addDisk(String vm, String alias, long size, boolean boot)
      throws InterruptedException {
    String domain = engine.catalog().requireDomain().id();
    String made =
        engine
            .session()
            .change(
                "The disk cannot be made",
                system ->
                    system
                        .disksService()
                        .add()
                        .disk(
                            disk()
                                .name(alias)
                                .alias(alias)
                                .format(DiskFormat.RAW)
                                .sparse(true)
                                .provisionedSize(size)
                                .storageDomains(storageDomain().id(domain)))
                        .send()
                        .disk()
                        .id());
    awaitUnlocked(made);
    engine
        .session()
        .change(
            "The disk cannot be attached",
            system ->
                system
                    .vmsService()
                    .vmService(vm)
                    .diskAttachmentsService()
                    .add()
                    .attachment(
                        diskAttachment()
                            .disk(disk().id(made))
                            .bootable(boot)
                            .active(true)
                            .interface_(DiskInterface.VIRTIO_SCSI))
                    .send());
    return made;
  }

  private void awaitUnlocked(String id) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (status(id) != DiskStatus.OK) {
      if (System.nanoTime() - end > 0) {
        throw DvxException.of(Kind.TIMEOUT, "The engine has not made the disk in time").build();
      }
      Thread.sleep(STEP);
    }
  }

  private DiskStatus status(String id) {
    return engine
        .session()
        .read(
            "The disk cannot be read",
            system -> system.disksService().diskService(id).get().send().disk().status());
  }

  /** Switches a machine on. */
  public void start(String vm) {
    engine.powerOn(new VmRef(NAME, vm), LIMIT);
  }

  /** What the engine knows of a machine. */
  public VmDescription describe(String vm) {
    return engine.describe(new VmRef(NAME, vm));
  }

  /** Whether a machine of this name is switched on. */
  public boolean runs(String name) {
    return engine.vms().stream()
        .anyMatch(each -> each.name().equals(name) && each.power() == PowerState.ON);
  }

  /**
   * Asks for a snapshot of the engine's own, which DVX never does.
   *
   * @return whether the engine refused, as the simulated one does
   */
  public boolean snapshotIsRefused(String vm) {
    try {
      engine
          .session()
          .change(
              "The engine makes no snapshot",
              system ->
                  system
                      .vmsService()
                      .vmService(vm)
                      .snapshotsService()
                      .add()
                      .snapshot(snapshot().description("on purpose"))
                      .send());
      return false;
    } catch (DvxException _) {
      return true;
    }
  }

  /** Logs out. */
  @Override
  public void close() {
    engine.close();
  }
}
