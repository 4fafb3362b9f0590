package org.opendvx.rhv.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.RestorePoint;
import org.opendvx.core.vm.SnapshotPolicy;
import org.opendvx.core.vm.Stragglers;
import org.opendvx.core.vm.VmClone;
import org.opendvx.core.vm.VmRestore;
import org.opendvx.core.vm.VmSnapshots;
import org.opendvx.rhv.DomainStore;
import org.opendvx.rhv.Rhv;
import org.opendvx.rhv.RhvLab;

/** Thin machines: a qcow2 layer, made by qemu's tools, over a volume of a template. */
@Timeout(120)
class TemplateDiskTest {
  private static final int SIZE = 3 << 20;
  private static final String TEMPLATE = "0f0f0f0f-0000-4000-8000-00000000000a";
  private static final String VOLUME = "0f0f0f0f-0000-4000-8000-00000000000b";

  @TempDir private Path folder;
  private final DomainStore store = new DomainStore();
  private final RhvLab lab = new RhvLab(store, "/rhv");
  private final VmSnapshots snapshots =
      new VmSnapshots(store.datastore(), List.of(), Clock.systemUTC());
  private final VmClone clone = new VmClone(store.datastore(), snapshots);
  private final VmRestore restore =
      new VmRestore(store.datastore(), snapshots, Duration.ofMillis(100));
  private final Rhv rhv = lab.connect();
  private String domain = "";
  private Path images = Path.of("");

  @BeforeEach
  void domain() {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/qemu-img"))
            && Files.isExecutable(Path.of("/usr/bin/qemu-io")),
        "qemu-utils is not installed");
    domain = lab.registered();
    images = folder.resolve("images");
  }

  @AfterEach
  void close() {
    assertEquals(List.of(), lab.engine().violations());
    lab.close();
    store.close();
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(new ArrayList<>(List.of(command))).redirectErrorStream(true).start();
    try {
      byte[] out = process.getInputStream().readAllBytes();
      assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue(), new String(out, StandardCharsets.UTF_8));
    } finally {
      process.destroyForcibly();
    }
  }

  private String templatePath() {
    return "/rhv/" + domain + "/images/" + TEMPLATE + "/" + VOLUME;
  }

  /** The volume of a template, here as qemu's tools see it and on the datastore. */
  private void template(String format) throws Exception {
    Path volume = images.resolve(TEMPLATE).resolve(VOLUME);
    Files.createDirectories(volume.getParent());
    Path raw = folder.resolve("template.raw");
    byte[] content = new byte[SIZE];
    new Random(11).nextBytes(content);
    Files.write(raw, content);
    run("qemu-img", "convert", "-f", "raw", "-O", format, raw.toString(), volume.toString());
    store.create(templatePath(), Files.size(volume));
    store.write(templatePath(), 0, Files.readAllBytes(volume));
  }

  /**
   * A machine.
   *
   * @param expected what its disk holds for its guest
   */
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  private record Thin(String vm, String path, String below, byte[] expected) {}

  /** A thin machine over the template, as vdsm makes it. */
  private Thin thin(String name, String format, boolean oldName) throws Exception {
    String vm = lab.sim().machine(name, domain, SIZE);
    String disk = Objects.requireNonNull(lab.sim().seen(vm)).disks().getFirst();
    String path = lab.sim().path(disk);
    String below = path.substring(0, path.lastIndexOf('/') + 1) + VOLUME;
    lab.sim().thin(disk);
    store.link(templatePath(), below);
    Path own = images.resolve(disk);
    Files.createDirectories(own);
    Files.createLink(own.resolve(VOLUME), images.resolve(TEMPLATE).resolve(VOLUME));
    Path top = own.resolve(path.substring(path.lastIndexOf('/') + 1));
    String named = oldName ? "../" + TEMPLATE + "/" + VOLUME : VOLUME;
    run("qemu-img", "create", "-q", "-f", "qcow2", "-b", named, "-F", format, top.toString());
    int place = (name.hashCode() & 7) * 65_536;
    run(
        "qemu-io",
        "-f",
        "qcow2",
        "-c",
        "write -P 77 " + place + " 90k",
        "-c",
        "write -z 1024k 128k",
        top.toString());
    Path expected = folder.resolve(UUID.randomUUID().toString());
    run("qemu-img", "convert", "-O", "raw", top.toString(), expected.toString());
    store.write(path, 0, Files.readAllBytes(top));
    return new Thin(vm, path, below, Files.readAllBytes(expected));
  }

  private RestorePoint take(Thin thin) {
    return snapshots
        .create(
            rhv, new VmSnapshots.Request(RhvLab.ref(thin.vm()), null, Map.of(), SnapshotPolicy.OFF))
        .point();
  }

  private byte[] restoredAsNew(RestorePoint point, String name) {
    VmClone.Cloned made = clone.clone(rhv, new VmClone.Request(point, name, false, RhvLab.LONG));
    return store.read(made.files().getFirst());
  }

  @ParameterizedTest
  @CsvSource({"raw, false", "raw, true", "qcow2, false", "qcow2, true"})
  void aThinDiskIsRestoredWholeAlsoWhenItsTemplateIsGone(String format, boolean oldName)
      throws Exception {
    template(format);
    Thin thin = thin("web", format, oldName);
    assertEquals(
        List.of(thin.path(), thin.below()),
        rhv.describe(RhvLab.ref(thin.vm())).disks().getFirst().chain());
    RestorePoint point = take(thin);
    assertEquals(2, point.files());
    assertArrayEquals(thin.expected(), restoredAsNew(point, "web-copy"));
    store.removeFolder("/rhv/" + domain + "/images/" + TEMPLATE);
    store.removeFolder(thin.path().substring(0, thin.path().lastIndexOf('/')));
    assertArrayEquals(thin.expected(), restoredAsNew(point, "web-again"));
  }

  @Test
  void twoMachinesOfOneTemplateAreTakenTogether() throws Exception {
    template("raw");
    Thin web = thin("web", "raw", false);
    Thin db = thin("db", "raw", false);
    VmSnapshots.GroupTaken taken =
        snapshots.createTogether(
            _ -> rhv,
            List.of(
                new VmSnapshots.Request(RhvLab.ref(web.vm()), null, Map.of(), SnapshotPolicy.OFF),
                new VmSnapshots.Request(RhvLab.ref(db.vm()), null, Map.of(), SnapshotPolicy.OFF)),
            Stragglers.VOID);
    assertArrayEquals(web.expected(), restoredAsNew(taken.taken().getFirst().point(), "web-copy"));
    assertArrayEquals(db.expected(), restoredAsNew(taken.taken().getLast().point(), "db-copy"));
  }

  @Test
  void inPlaceTheTemplateIsLeftAloneAndMustBeWhatItWas() throws Exception {
    template("raw");
    Thin web = thin("web", "raw", false);
    RestorePoint point = take(web);
    byte[] then = store.read(web.path());
    byte[] template = store.read(templatePath());
    long changed = store.attributes(store.require(templatePath())).changed();
    store.write(web.path(), 65_536 * 5, new byte[65_536]);
    VmRestore.Request request =
        new VmRestore.Request(RhvLab.ref(web.vm()), point, false, false, RhvLab.LONG);
    VmRestore.Restored restored = restore.restore(rhv, request);
    assertEquals(List.of(web.path()), restored.restored());
    assertEquals(List.of(), restored.removed());
    assertArrayEquals(then, store.read(web.path()));
    assertArrayEquals(template, store.read(templatePath()));
    assertEquals(changed, store.attributes(store.require(templatePath())).changed());
    store.write(templatePath(), 0, new byte[512]);
    DvxException e = assertThrows(DvxException.class, () -> restore.restore(rhv, request));
    assertEquals(Kind.CONFLICT, e.kind());
    assertTrue(e.render().contains("several machines"), e.render());
    assertArrayEquals(web.expected(), restoredAsNew(point, "web-copy"));
  }

  @Test
  void aTemplateThatIsNotThereIsRefusedAtTheRestore() throws Exception {
    template("raw");
    Thin web = thin("web", "raw", false);
    store.removeFolder("/rhv/" + domain + "/images/" + TEMPLATE);
    store.remove(web.below());
    RestorePoint point = take(web);
    assertEquals(1, point.files());
    DvxException e = assertThrows(DvxException.class, () -> restoredAsNew(point, "web-copy"));
    assertEquals(Kind.UNSUPPORTED, e.kind());
  }
}
