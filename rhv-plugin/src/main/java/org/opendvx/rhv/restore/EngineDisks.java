package org.opendvx.rhv.restore;

import static org.ovirt.engine.sdk4.builders.Builders.disk;
import static org.ovirt.engine.sdk4.builders.Builders.storageDomain;

import java.time.Duration;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.rhv.session.EngineSession;
import org.ovirt.engine.sdk4.types.Disk;
import org.ovirt.engine.sdk4.types.DiskFormat;
import org.ovirt.engine.sdk4.types.DiskStatus;

/** Makes and removes raw disks. Their ids are ours, so that calls can be repeated. */
final class EngineDisks {
  private static final Duration LETS_GO = Duration.ofSeconds(30);

  private final EngineSession session;

  EngineDisks(EngineSession session) {
    this.session = session;
  }

  /** Makes one; the engine holds it for a while. */
  void add(String id, String alias, long size, String domain, Deadline deadline) {
    String doing = "The engine cannot make the disk " + alias;
    Deadline away = deadline.or(Deadline.AWAY);
    Deadline refused = deadline.or(Deadline.REFUSED);
    while (true) {
      try {
        Object _ =
            session.change(
                doing,
                system ->
                    system
                        .disksService()
                        .add()
                        .disk(
                            disk()
                                .id(id)
                                .name(alias)
                                .alias(alias)
                                .format(DiskFormat.RAW)
                                .sparse(true)
                                .provisionedSize(size)
                                .storageDomains(storageDomain().id(domain)))
                        .send());
        return;
      } catch (DvxException e) {
        if (there(id, e.kind() == Kind.CONFLICT ? refused : away, e)) {
          return;
        }
      }
      Deadline.pause(doing);
    }
  }

  /** Whether a call that failed did its work all the same; fails as it did when nothing helps. */
  private boolean there(String id, Deadline patience, DvxException failed) {
    if (!failed.kind().isTransient()) {
      throw failed;
    }
    try {
      if (known(id)) {
        return true;
      }
    } catch (DvxException e) {
      failed.addSuppressed(e);
    }
    if (patience.passed()) {
      throw failed;
    }
    return false;
  }

  private boolean known(String id) {
    try {
      Object _ =
          session.read(
              "The engine cannot show a disk",
              system -> system.disksService().diskService(id).get().send().disk());
      return true;
    } catch (DvxException e) {
      if (e.kind() == Kind.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  /** Waits until the engine has made the disk and let go of it. */
  Disk ready(String id, Deadline deadline) {
    String doing = "The engine does not finish the disk " + id;
    while (true) {
      Disk now =
          session.read(doing, system -> system.disksService().diskService(id).get().send().disk());
      if (now.status() == DiskStatus.OK && now.imageIdPresent()) {
        return now;
      }
      if (now.status() == DiskStatus.ILLEGAL || deadline.passed()) {
        throw DvxException.of(Kind.TIMEOUT, doing)
            .cause("It is " + now.status().value())
            .remedy("Look at the engine's events")
            .build();
      }
      Deadline.pause(doing);
    }
  }

  /** Removes one that may be there; one try. */
  void remove(String id) {
    if (known(id)) {
      Disk _ = ready(id, new Deadline(LETS_GO));
      Object _ =
          session.change(
              "A disk cannot be removed",
              system -> system.disksService().diskService(id).remove().send());
    }
  }
}
