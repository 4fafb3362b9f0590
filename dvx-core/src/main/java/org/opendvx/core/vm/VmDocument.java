package org.opendvx.core.vm;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

/**
 * What a restore point keeps of its machine, stored as the snapshot's document; see
 * docs/formats/vm-document.md.
 *
 * @param vm the machine at the cut
 * @param writers the applications' documents, at most 16 MiB, empty when there are none; kept
 *     compressed
 * @param skipped volumes of the guest that were not frozen, each with the reason
 */
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record VmDocument(VmDescription vm, byte[] writers, List<String> skipped) {
  private static final int MAGIC = 0x4456564d; // "DVVM"
  private static final int VERSION = 3;
  private static final int MAX_WRITERS = 16 << 20;
  private static final int MAX_ITEMS = 10_000;
  private static final int MAX_TEXT = 1 << 20;

  /** What does not compress gets a little longer. */
  private static final int MAX_PACKED = MAX_WRITERS + (64 << 10);

  /** One of a guest that left nothing out. */
  public VmDocument(VmDescription vm, byte[] writers) {
    this(vm, writers, List.of());
  }

  /** The stored form. */
  public byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(MAGIC);
      out.writeShort(VERSION);
      text(out, vm.ref().hypervisor());
      text(out, vm.ref().id());
      text(out, vm.name());
      text(out, vm.power().name());
      text(out, vm.host());
      text(out, vm.biosUuid());
      text(out, vm.instanceUuid());
      texts(out, vm.files());
      out.writeInt(vm.disks().size());
      for (VmDescription.VmDisk disk : vm.disks()) {
        text(out, disk.label());
        texts(out, disk.chain());
        out.writeLong(disk.capacityBytes());
      }
      out.writeInt(vm.foreignDisks().size());
      for (VmDescription.ForeignDisk disk : vm.foreignDisks()) {
        text(out, disk.label());
        text(out, disk.backing());
        text(out, disk.reason().name());
      }
      text(out, vm.configuration());
      out.writeInt(vm.hardware().size());
      for (Map.Entry<String, String> entry : vm.hardware().entrySet()) {
        text(out, entry.getKey());
        text(out, entry.getValue());
      }
      out.writeBoolean(vm.hypervisorSnapshots());
      byte[] packed = pack(writers);
      out.writeInt(packed.length);
      out.write(packed);
      texts(out, vm.macs());
      for (VmDescription.VmDisk disk : vm.disks()) {
        text(out, disk.serial());
        text(out, disk.scsi());
      }
      texts(out, skipped);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Reads what {@link #encode} wrote.
   *
   * @throws DvxException CORRUPT, or UNSUPPORTED when a newer version wrote it
   */
  public static VmDocument decode(byte[] document) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(document))) {
      if (in.readInt() != MAGIC) {
        throw corrupt("it is not a machine's document");
      }
      int version = in.readUnsignedShort();
      if (version < 1 || version > VERSION) {
        throw DvxException.of(Kind.UNSUPPORTED, "A restore point has an unknown format")
            .cause("Its document has version " + version + ", known is up to " + VERSION)
            .remedy("Use the version of DVX that made it, or a newer one")
            .build();
      }
      VmRef ref = new VmRef(text(in), text(in));
      String name = text(in);
      PowerState power = PowerState.valueOf(text(in));
      String host = text(in);
      String biosUuid = text(in);
      String instanceUuid = text(in);
      List<String> files = texts(in);
      List<VmDescription.VmDisk> disks = new ArrayList<>();
      for (int i = items(in); i > 0; i--) {
        disks.add(new VmDescription.VmDisk(text(in), texts(in), in.readLong()));
      }
      List<VmDescription.ForeignDisk> foreign = new ArrayList<>();
      for (int i = items(in); i > 0; i--) {
        foreign.add(
            new VmDescription.ForeignDisk(
                text(in), text(in), VmDescription.ForeignDisk.Reason.valueOf(text(in))));
      }
      String configuration = text(in);
      Map<String, String> hardware = new LinkedHashMap<>();
      for (int i = items(in); i > 0; i--) {
        hardware.put(text(in), text(in));
      }
      boolean hypervisorSnapshots = in.readBoolean();
      byte[] kept = sized(in, MAX_PACKED);
      byte[] writers = version == 1 ? kept : unpack(kept);
      List<String> macs = version == 1 ? List.of() : texts(in);
      List<String> skipped = List.of();
      if (version >= 3) {
        for (int i = 0; i < disks.size(); i++) {
          VmDescription.VmDisk disk = disks.get(i);
          disks.set(
              i,
              new VmDescription.VmDisk(
                  disk.label(), disk.chain(), disk.capacityBytes(), text(in), text(in)));
        }
        skipped = texts(in);
      }
      VmDescription vm =
          new VmDescription(
              ref,
              name,
              power,
              host,
              biosUuid,
              instanceUuid,
              files,
              disks,
              foreign,
              configuration,
              hardware,
              hypervisorSnapshots,
              macs);
      return new VmDocument(vm, writers, skipped);
    } catch (IOException | IllegalArgumentException e) {
      throw corrupt(e.toString());
    }
  }

  /** Writers' documents are XML and shrink to a tenth. */
  private static byte[] pack(byte[] writers) throws IOException {
    if (writers.length == 0) {
      return writers;
    }
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(writers);
    }
    return packed.toByteArray();
  }

  private static byte[] unpack(byte[] packed) throws IOException {
    if (packed.length == 0) {
      return packed;
    }
    try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(packed))) {
      byte[] writers = gzip.readNBytes(MAX_WRITERS + 1);
      if (writers.length > MAX_WRITERS) {
        throw new IOException("writers' documents above 16 MiB");
      }
      return writers;
    }
  }

  private static DvxException corrupt(String why) {
    return DvxException.of(Kind.CORRUPT, "A restore point's document cannot be read")
        .cause(why)
        .remedy("Its files can still be reached below /.snapshots")
        .build();
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static void texts(DataOutputStream out, List<String> texts) throws IOException {
    out.writeInt(texts.size());
    for (String text : texts) {
      text(out, text);
    }
  }

  private static String text(DataInputStream in) throws IOException {
    return new String(sized(in, MAX_TEXT), StandardCharsets.UTF_8);
  }

  private static byte[] sized(DataInputStream in, int most) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > most || length > in.available()) {
      throw new IOException("a text of " + length + " bytes");
    }
    return in.readNBytes(length);
  }

  private static List<String> texts(DataInputStream in) throws IOException {
    List<String> texts = new ArrayList<>();
    for (int i = items(in); i > 0; i--) {
      texts.add(text(in));
    }
    return texts;
  }

  private static int items(DataInputStream in) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > MAX_ITEMS) {
      throw new IOException("a list of " + count + " items");
    }
    return count;
  }
}
