package org.opendvx.core.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class KeyEncryptionKeyTest {
  private static final byte[] NO_SALT = new byte[0];

  @TempDir private Path folder = Path.of("");

  @Test
  void aNewKeyFileIsForItsOwnerOnlyAndAloneInItsFolder() throws Exception {
    Path file = folder.resolve("key");
    KeyEncryptionKey key = KeyEncryptionKey.createFile(file);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertArrayEquals(Files.readAllBytes(file), key.key(NO_SALT, 0).getEncoded());
    assertEquals(key.key(NO_SALT, 0), KeyEncryptionKey.fromFile(file).key(NO_SALT, 0));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void aKeyFileIsNeverOverwritten() throws Exception {
    Path file = folder.resolve("key");
    Files.writeString(file, "precious");
    assertKind(Kind.EXISTS, () -> KeyEncryptionKey.createFile(file));
    assertEquals("precious", Files.readString(file));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
    assertKind(
        Kind.INVALID, () -> KeyEncryptionKey.createFile(folder.resolve("no such folder/key")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "r-x--x--x", "rw-rw-rw-"})
  void aKeyFileThatIsOpenToOthersIsRefused(String rights) throws Exception {
    Path file = folder.resolve("key");
    KeyEncryptionKey.createFile(file).close();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(rights));
    DvxException error = assertKind(Kind.DENIED, () -> KeyEncryptionKey.fromFile(file));
    assertTrue(error.report().remedy().contains("chmod 600"));
  }

  @Test
  void aKeyFileThatOnlyItsOwnerReadsIsFine() throws Exception {
    Path file = folder.resolve("key");
    KeyEncryptionKey.createFile(file).close();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
    assertEquals(KeyMethod.KEY_FILE, KeyEncryptionKey.fromFile(file).method());
  }

  @Test
  void whatIsNoKeyFileIsRefused() throws Exception {
    assertKind(Kind.NOT_FOUND, () -> KeyEncryptionKey.fromFile(folder.resolve("nowhere")));
    for (int length : new int[] {0, 31, 33, 100_000}) {
      Path file = folder.resolve("key" + length);
      KeyEncryptionKey.createFile(file).close();
      Files.write(file, new byte[length]);
      assertKind(Kind.INVALID, () -> KeyEncryptionKey.fromFile(file));
    }
  }

  @Test
  void passphrasesAreStretchedByPbkdf2() {
    // PBKDF2-HMAC-SHA512 of "password", "salt", 1 round; the first 32 of its 64 published bytes.
    KeyEncryptionKey key = KeyEncryptionKey.fromPassphrase("password".toCharArray());
    byte[] salt = {'s', 'a', 'l', 't'};
    assertEquals(
        "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252",
        HexFormat.of().formatHex(key.key(salt, 1).getEncoded()));
  }

  @Test
  void emptyAndEndlessPassphrasesAreRefused() {
    assertKind(Kind.INVALID, () -> KeyEncryptionKey.fromPassphrase(new char[0]));
    assertKind(Kind.INVALID, () -> KeyEncryptionKey.fromPassphrase(new char[1025]));
  }

  @Test
  void theCallersArrayMayBeWipedAndClosingWipesOurs() {
    char[] words = "secret".toCharArray();
    KeyEncryptionKey key = KeyEncryptionKey.fromPassphrase(words);
    byte[] salt = new byte[16];
    byte[] before = key.key(salt, 1).getEncoded();
    Arrays.fill(words, 'x');
    assertArrayEquals(before, key.key(salt, 1).getEncoded());
    key.close();
    assertFalse(Arrays.equals(before, key.key(salt, 1).getEncoded()));
  }

  private static DvxException assertKind(Kind kind, Runnable action) {
    DvxException error = assertThrows(DvxException.class, action::run);
    assertEquals(kind, error.kind(), error.render());
    assertFalse(error.report().remedy().isBlank());
    return error;
  }
}
