package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.nfs.Nfs3TestClient.Entry;
import org.opendvx.core.nfs.Nfs3TestClient.Page;
import org.opendvx.core.nfs.Nfs3TestClient.Result;

/** LOOKUP, the creating and removing procedures, RENAME, LINK, READDIR and READDIRPLUS. */
class NamespaceProceduresTest {
  private static final int UNCHECKED = 0;
  private static final int GUARDED = 1;

  private TestServer server;
  private Nfs3TestClient client;
  private byte[] root;

  @SuppressWarnings("NullAway.Init")
  NamespaceProceduresTest() {}

  @BeforeEach
  void start() throws Exception {
    server = TestServer.empty();
    client = server.client();
    root = client.root("/dvx");
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.close();
  }

  @Test
  void lookupFindsWhatCreateMade() throws Exception {
    byte[] made = client.newFile(root, "file");
    Result found = client.lookup(root, "file").ok();
    assertArrayEquals(made, found.handle());
    assertTrue(made.length <= 56, "ESXi takes 56 bytes at the most");
    assertEquals(1, Objects.requireNonNull(found.attributes()).type());
    assertEquals(2, Objects.requireNonNull(found.attributes()).type());
  }

  @Test
  void lookupOfNothingShowsTheDirectory() throws Exception {
    Result missing = client.lookup(root, "nothing");
    assertEquals(2, missing.status());
    assertEquals(1, Objects.requireNonNull(missing.attributes()).file());
  }

  @Test
  void dotsLeadWhereTheyShouldAndNotOutOfTheExport() throws Exception {
    byte[] inner = client.newDirectory(root, "inner");
    assertArrayEquals(inner, client.find(inner, "."));
    assertArrayEquals(root, client.find(inner, ".."));
    assertArrayEquals(root, client.find(root, ".."));
  }

  @Test
  void uncheckedCreateTakesWhatIsThereAndGuardedDoesNot() throws Exception {
    byte[] file = client.newFile(root, "file");
    client.write(file, 0, new byte[100], 2).ok();
    Result again =
        client.create(root, "file", UNCHECKED, Nfs3TestClient.change(0600, null, 10L)).ok();
    assertTrue(again.body().readBoolean());
    assertArrayEquals(file, again.handle());
    assertEquals(10, client.getAttributes(file).size());
    assertEquals(17, client.create(root, "file", GUARDED, Nfs3TestClient.NO_CHANGE).status());
    assertEquals(17, client.create(root, ".", GUARDED, Nfs3TestClient.NO_CHANGE).status());
  }

  @Test
  void exclusiveCreateKnowsItsOwnVerifier() throws Exception {
    Result first = client.exclusive(root, "lock", 42).ok();
    first.body().readBoolean();
    byte[] handle = first.handle();
    Result again = client.exclusive(root, "lock", 42).ok();
    again.body().readBoolean();
    assertArrayEquals(handle, again.handle());
    assertEquals(17, client.exclusive(root, "lock", 43).status());
    client.setAttributes(handle, Nfs3TestClient.change(0644, null, null), null).ok();
    assertEquals(17, client.exclusive(root, "lock", 42).status());
  }

  @Test
  void directoriesCountTheirLinks() throws Exception {
    byte[] directory = client.newDirectory(root, "d");
    assertEquals(3, client.getAttributes(root).links());
    client.newFile(directory, "file");
    assertEquals(66, client.call(13, Nfs3TestClient.where(root, "d")).status());
    assertEquals(21, client.remove(root, "d").status());
    client.remove(directory, "file").ok();
    client.call(13, Nfs3TestClient.where(root, "d")).ok();
    assertEquals(2, client.getAttributes(root).links());
    assertEquals(2, client.call(13, Nfs3TestClient.where(root, "d")).status());
    assertEquals(22, client.call(13, Nfs3TestClient.where(root, ".")).status());
  }

  @Test
  void specialFilesKeepTheirKindAndDevice() throws Exception {
    Result device =
        client
            .call(
                11,
                Nfs3TestClient.where(root, "sda")
                    .andThen(out -> out.writeInt(3))
                    .andThen(Nfs3TestClient.NO_CHANGE)
                    .andThen(out -> out.writeInt(8).writeInt(1)))
            .ok();
    device.body().readBoolean();
    Nfs3TestClient.Fattr attributes = client.getAttributes(device.handle());
    assertEquals(3, attributes.type());
    assertEquals(8L << 32 | 1, attributes.device());
    Result fifo =
        client
            .call(
                11,
                Nfs3TestClient.where(root, "fifo")
                    .andThen(out -> out.writeInt(7))
                    .andThen(Nfs3TestClient.NO_CHANGE))
            .ok();
    fifo.body().readBoolean();
    assertEquals(7, client.getAttributes(fifo.handle()).type());
    assertEquals(
        10_007,
        client.call(11, Nfs3TestClient.where(root, "f").andThen(out -> out.writeInt(1))).status(),
        "regular files are not MKNOD's");
  }

  @Test
  void hardLinksShareAFile() throws Exception {
    byte[] file = client.newFile(root, "one");
    byte[] directory = client.newDirectory(root, "d");
    Result linked = client.link(file, directory, "two").ok();
    assertEquals(2, Objects.requireNonNull(linked.attributes()).links());
    assertNotNull(linked.change());
    assertArrayEquals(file, client.find(directory, "two"));
    client.remove(root, "one").ok();
    assertEquals(1, client.getAttributes(file).links());
    assertEquals(17, client.link(file, directory, "two").status());
  }

  @Test
  void renameReplacesInOneStep() throws Exception {
    byte[] one = client.newFile(root, "one");
    byte[] directory = client.newDirectory(root, "d");
    byte[] two = client.newFile(directory, "two");
    Result renamed = client.rename(root, "one", directory, "two").ok();
    assertNotNull(renamed.change());
    assertNotNull(renamed.change());
    assertArrayEquals(one, client.find(directory, "two"));
    assertEquals(70, client.call(1, Nfs3TestClient.handle(two)).status());
    Result missing = client.rename(root, "one", directory, "two");
    assertEquals(2, missing.status());
    assertNotNull(missing.change(), "first directory's attributes");
    assertNotNull(missing.change(), "second directory's attributes");
    assertEquals(22, client.rename(root, "d", directory, "inside").status());
  }

  @Test
  void badNamesAreRefused() throws Exception {
    assertEquals(63, client.lookup(root, "n".repeat(256)).status());
    assertEquals(22, client.lookup(root, "").status());
    assertEquals(22, client.create(root, "a/b", GUARDED, Nfs3TestClient.NO_CHANGE).status());
    assertEquals(22, client.create(root, "a\0b", GUARDED, Nfs3TestClient.NO_CHANGE).status());
    client.newFile(root, "n".repeat(255));
    assertEquals(20, client.lookup(client.newFile(root, "file"), "x").status());
  }

  @Test
  void readdirPagesHonourTheirByteLimits() throws Exception {
    Set<String> made = new HashSet<>();
    for (int i = 0; i < 300; i++) {
      made.add("file-" + i);
      client.newFile(root, "file-" + i);
    }
    for (int count : new int[] {512, 1024, 5000, 65_536}) {
      assertEquals(made, namesInPages(count, false), "READDIR of " + count);
      assertEquals(made, namesInPages(count, true), "READDIRPLUS of " + count);
    }
  }

  private Set<String> namesInPages(int count, boolean plus) throws Exception {
    List<String> names = new ArrayList<>();
    long cookie = 0;
    Page page;
    do {
      long from = cookie;
      int procedure = plus ? 17 : 16;
      Result raw =
          client.call(
              procedure,
              Nfs3TestClient.handle(root)
                  .andThen(
                      out -> {
                        out.writeLong(from).writeLong(0).writeInt(count);
                        if (plus) {
                          out.writeInt(count);
                        }
                      }));
      assertTrue(raw.body().remaining() <= count, raw.body().remaining() + " bytes");
      page = plus ? client.entries(root, from, count, count) : client.names(root, from, count);
      page.entries().forEach(entry -> names.add(entry.name()));
      cookie = page.entries().getLast().cookie();
    } while (!page.end());
    assertEquals(List.of(".", ".."), names.subList(0, 2));
    Set<String> unique = new HashSet<>(names);
    assertEquals(names.size(), unique.size(), "no name twice");
    unique.removeAll(Set.of(".", ".."));
    return unique;
  }

  @Test
  void readdirplusCarriesAttributesAndHandles() throws Exception {
    byte[] file = client.newFile(root, "file");
    client.write(file, 0, new byte[1234], 2).ok();
    List<Entry> entries = client.all(root);
    assertEquals(1, entries.size());
    Entry entry = entries.getFirst();
    assertArrayEquals(file, entry.handle());
    assertEquals(1234, Objects.requireNonNull(entry.attributes()).size());
    assertEquals(entry.file(), Objects.requireNonNull(entry.attributes()).file());
  }

  @Test
  void readdirWithoutRoomForOneEntryIsTooSmall() throws Exception {
    Result small =
        client.call(
            16,
            Nfs3TestClient.handle(root)
                .andThen(out -> out.writeLong(0).writeLong(0).writeInt(110)));
    assertEquals(10_005, small.status());
    assertNotNull(small.attributes());
  }

  @Test
  void readdirWithAForeignVerifierIsRefused() throws Exception {
    Result refused =
        client.call(
            16,
            Nfs3TestClient.handle(root)
                .andThen(out -> out.writeLong(2).writeLong(99).writeInt(4096)));
    assertEquals(10_003, refused.status());
  }

  @Test
  void snapshotsAreSeenButNotChanged() throws Exception {
    byte[] snapshots = client.find(root, ".snapshots");
    assertEquals(30, client.create(snapshots, "x", GUARDED, Nfs3TestClient.NO_CHANGE).status());
  }
}
