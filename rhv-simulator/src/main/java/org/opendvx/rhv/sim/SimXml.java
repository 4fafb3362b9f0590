package org.opendvx.rhv.sim;

import static org.ovirt.engine.sdk4.builders.Builders.bios;
import static org.ovirt.engine.sdk4.builders.Builders.cluster;
import static org.ovirt.engine.sdk4.builders.Builders.cpu;
import static org.ovirt.engine.sdk4.builders.Builders.cpuTopology;
import static org.ovirt.engine.sdk4.builders.Builders.disk;
import static org.ovirt.engine.sdk4.builders.Builders.diskAttachment;
import static org.ovirt.engine.sdk4.builders.Builders.event;
import static org.ovirt.engine.sdk4.builders.Builders.highAvailability;
import static org.ovirt.engine.sdk4.builders.Builders.host;
import static org.ovirt.engine.sdk4.builders.Builders.hostStorage;
import static org.ovirt.engine.sdk4.builders.Builders.mac;
import static org.ovirt.engine.sdk4.builders.Builders.nic;
import static org.ovirt.engine.sdk4.builders.Builders.operatingSystem;
import static org.ovirt.engine.sdk4.builders.Builders.snapshot;
import static org.ovirt.engine.sdk4.builders.Builders.storageDomain;
import static org.ovirt.engine.sdk4.builders.Builders.template;
import static org.ovirt.engine.sdk4.builders.Builders.vm;
import static org.ovirt.engine.sdk4.builders.Builders.vnicProfile;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.Date;
import java.util.function.Consumer;
import java.util.function.Function;
import org.ovirt.api.metamodel.runtime.xml.XmlReader;
import org.ovirt.api.metamodel.runtime.xml.XmlWriter;
import org.ovirt.engine.sdk4.builders.EventBuilder;
import org.ovirt.engine.sdk4.builders.NicBuilder;
import org.ovirt.engine.sdk4.builders.VmBuilder;
import org.ovirt.engine.sdk4.types.Disk;
import org.ovirt.engine.sdk4.types.DiskAttachment;
import org.ovirt.engine.sdk4.types.DiskStatus;
import org.ovirt.engine.sdk4.types.DiskStorageType;
import org.ovirt.engine.sdk4.types.Event;
import org.ovirt.engine.sdk4.types.Nic;
import org.ovirt.engine.sdk4.types.NicInterface;
import org.ovirt.engine.sdk4.types.Snapshot;
import org.ovirt.engine.sdk4.types.SnapshotType;
import org.ovirt.engine.sdk4.types.StorageDomain;
import org.ovirt.engine.sdk4.types.StorageDomainType;
import org.ovirt.engine.sdk4.types.StorageType;
import org.ovirt.engine.sdk4.types.Vm;
import org.ovirt.engine.sdk4.types.VmStatus;

/** The simulated engine's objects as the API shows them. */
final class SimXml {
  private SimXml() {}

  static byte[] write(Consumer<XmlWriter> body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (XmlWriter writer = new XmlWriter(out, false)) {
      body.accept(writer);
      writer.flush();
    }
    return out.toByteArray();
  }

  static <T> T read(byte[] body, Function<XmlReader, T> reader) {
    try (XmlReader xml = new XmlReader(new ByteArrayInputStream(body))) {
      return reader.apply(xml);
    }
  }

  static Vm of(SimState state, SimState.Machine m) {
    VmBuilder builder =
        vm().id(m.id)
            .name(m.name)
            .comment(m.comment)
            .status(m.status)
            .origin(m.origin)
            .memory(m.memory)
            .cpu(cpu().topology(cpuTopology().cores(m.cores).sockets(m.sockets).threads(1)))
            .os(operatingSystem().type(m.os))
            .bios(bios().type(m.bios))
            .highAvailability(highAvailability().enabled(m.highlyAvailable))
            .cluster(cluster().id(state.cluster))
            .template(template().id(state.blank));
    if (!m.host.isEmpty() && m.status != VmStatus.DOWN) {
      builder.host(host().id(m.host));
    }
    return builder.build();
  }

  static DiskAttachment of(SimState.Machine m, SimState.Attachment a) {
    return diskAttachment()
        .id(a.disk())
        .disk(disk().id(a.disk()))
        .vm(vm().id(m.id))
        .active(a.active())
        .bootable(a.bootable())
        .interface_(a.bus())
        .build();
  }

  static Nic of(SimState.Card card) {
    NicBuilder nic =
        nic()
            .id(card.id())
            .name(card.name())
            .mac(mac().address(card.mac()))
            .interface_(NicInterface.VIRTIO);
    if (!card.profile().isEmpty()) {
      nic.vnicProfile(vnicProfile().id(card.profile()));
    }
    return nic.build();
  }

  static Disk of(SimState.Image image) {
    if (image.lun) {
      return disk()
          .id(image.id)
          .alias(image.alias)
          .storageType(DiskStorageType.LUN)
          .status(DiskStatus.OK)
          .shareable(image.shareable)
          .lunStorage(hostStorage().id("36001405abc").type(StorageType.ISCSI))
          .build();
    }
    return disk()
        .id(image.id)
        .alias(image.alias)
        .name(image.alias)
        .imageId(image.image)
        .provisionedSize(image.size)
        .format(image.format)
        .sparse(image.sparse)
        .shareable(image.shareable)
        .storageType(DiskStorageType.IMAGE)
        .status(image.locked() ? DiskStatus.LOCKED : DiskStatus.OK)
        .storageDomains(storageDomain().id(image.domain))
        .build();
  }

  static Snapshot of(SimState.Layer layer) {
    return snapshot()
        .id(layer.id())
        .date(Date.from(layer.date()))
        .description("made before")
        .snapshotType(SnapshotType.REGULAR)
        .build();
  }

  static Snapshot active(SimState.Machine m) {
    return snapshot()
        .id(m.id)
        .date(Date.from(Instant.now()))
        .description("Active VM")
        .snapshotType(SnapshotType.ACTIVE)
        .build();
  }

  /** A domain; its status is shown only by the data center once it is attached. */
  static StorageDomain of(SimState.Domain domain, boolean withStatus) {
    var builder =
        storageDomain()
            .id(domain.id)
            .name(domain.name)
            .type(StorageDomainType.DATA)
            .storage(hostStorage().type(StorageType.NFS).address(domain.address).path(domain.path));
    if (withStatus || !domain.attached) {
      builder.status(domain.status);
    }
    return builder.build();
  }

  static Event of(SimState.Happening happening) {
    EventBuilder builder =
        event()
            .id(Long.toString(happening.id()))
            .index(happening.id())
            .code(happening.code())
            .description(happening.text())
            .time(Date.from(happening.time()));
    if (happening.vm() != null) {
      builder.vm(vm().id(happening.vm()));
    }
    if (happening.host() != null) {
      builder.host(host().id(happening.host()));
    }
    return builder.build();
  }
}
