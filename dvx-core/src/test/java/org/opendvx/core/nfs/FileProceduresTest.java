package org.opendvx.core.nfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opendvx.core.datastore.Datastore;
import org.opendvx.core.nfs.Nfs3TestClient.Fattr;
import org.opendvx.core.nfs.Nfs3TestClient.Result;
import org.opendvx.core.nfs.xdr.Xdr;
import org.opendvx.core.testing.InMemoryDatastore;

/** GETATTR, SETATTR, ACCESS, READ, WRITE, COMMIT, READLINK and the three that describe. */
class FileProceduresTest {
  private static final int UNSTABLE = 0;
  private static final int FILE_SYNC = 2;

  private final InMemoryDatastore datastore = new InMemoryDatastore();
  private TestServer server;
  private Nfs3TestClient client;
  private byte[] root;

  @SuppressWarnings("NullAway.Init")
  FileProceduresTest() {}

  @BeforeEach
  void start() throws Exception {
    server = TestServer.over(datastore);
    client = server.client();
    root = client.root("/dvx");
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.close();
  }

  @Test
  void getattrShowsARootDirectory() throws Exception {
    Fattr attributes = client.getAttributes(root);
    assertEquals(2, attributes.type());
    assertEquals(0755, attributes.mode());
    assertEquals(2, attributes.links());
    assertEquals(1, attributes.file());
    assertTrue(attributes.modified() > 1_600_000_000_000_000_000L, "a time of this century");
  }

  @Test
  void aWriteIsReadBackWithItsAttributes() throws Exception {
    byte[] file = client.newFile(root, "file");
    byte[] data = random(100_001);
    Result written = client.write(file, 7, data, FILE_SYNC).ok();
    assertTrue(written.body().readBoolean(), "attributes before");
    assertEquals(0, written.body().readLong(), "size before");
    written.body().takePadded(16);
    Fattr after = assertPresent(written.attributes());
    assertEquals(100_008, after.size());
    assertEquals(100_001, written.body().readInt());
    assertEquals(FILE_SYNC, written.body().readInt());
    assertEquals(datastore.writeVerifier(), written.body().readLong());

    Result read = client.read(file, 0, 1 << 20).ok();
    assertEquals(100_008, assertPresent(read.attributes()).size());
    assertEquals(100_008, read.body().readInt());
    assertTrue(read.body().readBoolean(), "end of file");
    byte[] got = read.body().readOpaque(1 << 20);
    assertArrayEquals(new byte[7], Arrays.copyOf(got, 7));
    assertArrayEquals(data, Arrays.copyOfRange(got, 7, got.length));
    assertEquals(0, read.body().remaining());
  }

  @Test
  void everyLengthFromZeroIsPaddedRight() throws Exception {
    byte[] file = client.newFile(root, "file");
    byte[] data = random(64);
    client.write(file, 0, data, FILE_SYNC).ok();
    for (int length = 0; length <= 64; length++) {
      Result read = client.read(file, 0, length).ok();
      read.attributes();
      assertEquals(length, read.body().readInt());
      assertEquals(length == 64, read.body().readBoolean());
      assertArrayEquals(Arrays.copyOf(data, length), read.body().readOpaque(64));
      assertEquals(0, read.body().remaining(), "nothing after the padding");
    }
  }

  @Test
  void readingBeyondTheEndGivesNothing() throws Exception {
    byte[] file = client.newFile(root, "file");
    for (long offset : new long[] {0, 1, Datastore.MAX_FILE_SIZE, Long.MAX_VALUE, -1}) {
      Result read = client.read(file, offset, 4096).ok();
      read.attributes();
      assertEquals(0, read.body().readInt());
      assertTrue(read.body().readBoolean(), "end of file at " + offset);
    }
  }

  @Test
  void aReadOfMoreThanTheLimitIsCut() throws Exception {
    byte[] file = client.newFile(root, "file");
    client.setAttributes(file, Nfs3TestClient.change(null, null, 5L << 20), null).ok();
    assertEquals(1 << 20, client.data(file, 0, 4 << 20).length);
    assertEquals(1 << 20, client.data(file, 0, -1).length);
  }

  @Test
  void aWriteOfTheWholeLimitGoesThrough() throws Exception {
    byte[] file = client.newFile(root, "file");
    byte[] data = random(1 << 20);
    client.write(file, 12, data, UNSTABLE).ok();
    assertArrayEquals(data, client.data(file, 12, 1 << 20));
  }

  @Test
  void aWriteOfMoreThanTheLimitIsShort() throws Exception {
    byte[] file = client.newFile(root, "file");
    Result written = client.write(file, 0, random((1 << 20) + 100), FILE_SYNC).ok();
    written.change();
    assertEquals(1 << 20, written.body().readInt());
    assertEquals(1 << 20, client.getAttributes(file).size());
  }

  @Test
  void aWriteWhoseCountIsNotItsLengthIsInvalid() throws Exception {
    byte[] file = client.newFile(root, "file");
    for (int count : new int[] {0, 9, 11, -1, Integer.MAX_VALUE}) {
      Result written =
          client.call(7, Nfs3TestClient.write(file, 0, count, new byte[10], FILE_SYNC));
      assertEquals(22, written.status(), "count " + count);
      assertEquals(0, assertPresent(written.change()).size());
    }
  }

  @Test
  void writesBeyondTheLargestFileAreTooBig() throws Exception {
    byte[] file = client.newFile(root, "file");
    byte[] data = {1, 2, 3};
    assertEquals(27, client.write(file, Datastore.MAX_FILE_SIZE, data, FILE_SYNC).status());
    assertEquals(27, client.write(file, -1, data, FILE_SYNC).status());
    client.write(file, Datastore.MAX_FILE_SIZE - 3, data, FILE_SYNC).ok();
    assertEquals(Datastore.MAX_FILE_SIZE, client.getAttributes(file).size());
    assertArrayEquals(data, client.data(file, Datastore.MAX_FILE_SIZE - 3, 100));
  }

  @Test
  void commitGivesTheVerifierOfUnstableWrites() throws Exception {
    byte[] file = client.newFile(root, "file");
    Result written = client.write(file, 0, new byte[] {1}, UNSTABLE).ok();
    written.change();
    assertEquals(1, written.body().readInt());
    assertEquals(UNSTABLE, written.body().readInt());
    long verifier = written.body().readLong();
    assertEquals(verifier, commit(file));
    datastore.changeWriteVerifier();
    assertNotEquals(verifier, commit(file), "lost data must show");
  }

  private long commit(byte[] file) throws Exception {
    Result committed =
        client
            .call(21, Nfs3TestClient.handle(file).andThen(out -> out.writeLong(0).writeInt(0)))
            .ok();
    assertNotNull(committed.change());
    return committed.body().readLong();
  }

  @Test
  void setattrChangesAndTruncates() throws Exception {
    byte[] file = client.newFile(root, "file");
    client.write(file, 0, random(10_000), FILE_SYNC).ok();
    Result changed = client.setAttributes(file, Nfs3TestClient.change(0640, 36, 5_000L), null).ok();
    Fattr after = assertPresent(changed.change());
    assertEquals(0640, after.mode());
    assertEquals(36, after.uid());
    assertEquals(5_000, after.size());
    assertEquals(5_000, client.data(file, 0, 100_000).length);
    assertEquals(
        27, client.setAttributes(file, Nfs3TestClient.change(null, null, -1L), null).status());
  }

  @Test
  void setattrSetsTimesOfClientAndServer() throws Exception {
    byte[] file = client.newFile(root, "file");
    client
        .call(
            2,
            Nfs3TestClient.handle(file)
                .andThen(
                    out -> {
                      out.writeZero(16);
                      out.writeInt(2).writeInt(1_000).writeInt(999_999_999);
                      out.writeInt(1);
                      out.writeInt(0);
                    }))
        .ok();
    Fattr attributes = client.getAttributes(file);
    assertEquals(1_000_999_999_999L, attributes.accessed());
    assertTrue(attributes.modified() > 1_600_000_000_000_000_000L);
  }

  @Test
  void setattrWithAnOldGuardIsRefused() throws Exception {
    byte[] file = client.newFile(root, "file");
    long seen = client.getAttributes(file).changed();
    client.setAttributes(file, Nfs3TestClient.change(0600, null, null), seen).ok();
    Result late = client.setAttributes(file, Nfs3TestClient.change(0644, null, null), seen);
    assertEquals(10_002, late.status());
    assertEquals(0600, assertPresent(late.change()).mode());
  }

  @Test
  void accessSaysWhatTheModeAllows() throws Exception {
    byte[] file = client.newFile(root, "file");
    client.setAttributes(file, Nfs3TestClient.change(0640, 36, null), null).ok();
    assertEquals(0x0d, access(36, 36, file), "read, modify, extend");
    assertEquals(0, access(37, 37, file));
    assertEquals(0x0d, access(0, 0, file));
  }

  private int access(int uid, int gid, byte[] file) throws Exception {
    Result answer =
        client.as(uid, gid).call(4, Nfs3TestClient.handle(file).andThen(out -> out.writeInt(0x3f)));
    assertNotNull(answer.ok().attributes());
    client.as(0, 0);
    return answer.body().readInt();
  }

  @Test
  void symbolicLinksKeepTheirTarget() throws Exception {
    byte[] target = "../some where/else".getBytes(StandardCharsets.UTF_8);
    Result made =
        client
            .call(
                10,
                Nfs3TestClient.where(root, "link")
                    .andThen(Nfs3TestClient.NO_CHANGE)
                    .andThen(out -> Xdr.writeOpaque(out, target)))
            .ok();
    assertTrue(made.body().readBoolean());
    byte[] link = made.handle();
    Result read = client.call(5, Nfs3TestClient.handle(link)).ok();
    assertEquals(5, assertPresent(read.attributes()).type());
    assertArrayEquals(target, read.body().readOpaque(4096));
    assertEquals(22, client.call(5, Nfs3TestClient.handle(root)).status());
  }

  @Test
  void fsstatTellsTheSpace() throws Exception {
    Result answer = client.call(18, Nfs3TestClient.handle(root)).ok();
    assertNotNull(answer.attributes());
    assertEquals(1L << 40, answer.body().readLong());
    assertEquals(1L << 40, answer.body().readLong());
  }

  @Test
  void fsinfoPromisesOneMebibyteAndHugeFiles() throws Exception {
    Result answer = client.call(19, Nfs3TestClient.handle(root)).ok();
    assertNotNull(answer.attributes());
    for (int i = 0; i < 2; i++) {
      assertEquals(1 << 20, answer.body().readInt());
      assertEquals(1 << 20, answer.body().readInt());
      assertEquals(4096, answer.body().readInt());
    }
    assertEquals(64 << 10, answer.body().readInt());
    assertEquals(62L << 40, answer.body().readLong());
    assertEquals(1, answer.body().readLong(), "one nanosecond");
    assertEquals(0x1b, answer.body().readInt());
    assertEquals(0, answer.body().remaining());
  }

  @Test
  void pathconfTellsTheLimitsOfNames() throws Exception {
    Result answer = client.call(20, Nfs3TestClient.handle(root)).ok();
    assertNotNull(answer.attributes());
    assertTrue(answer.body().readInt() > 1000);
    assertEquals(255, answer.body().readInt());
    assertTrue(answer.body().readBoolean());
    assertTrue(answer.body().readBoolean());
    assertFalse(answer.body().readBoolean());
    assertTrue(answer.body().readBoolean());
  }

  @Test
  void readingADirectoryIsRefusedWithItsAttributes() throws Exception {
    Result read = client.read(root, 0, 100);
    assertEquals(21, read.status());
    assertEquals(2, assertPresent(read.attributes()).type());
  }

  @Test
  void handlesOfDeletedFilesAreStaleAndForgedOnesBad() throws Exception {
    byte[] file = client.newFile(root, "file");
    client.remove(root, "file").ok();
    assertEquals(70, client.call(1, Nfs3TestClient.handle(file)).status());
    byte[] forged = file.clone();
    forged[23] ^= 1;
    assertEquals(10_001, client.call(1, Nfs3TestClient.handle(forged)).status());
    assertEquals(10_001, client.call(1, Nfs3TestClient.handle(new byte[32])).status());
    assertEquals(10_001, client.call(1, Nfs3TestClient.handle(new byte[0])).status());
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static Fattr assertPresent(@Nullable Fattr attributes) {
    assertNotNull(attributes, "attributes must be there");
    return attributes;
  }
}
