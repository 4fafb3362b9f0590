package org.opendvx.core.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.testing.SoftToken;

/** A key ring that only a PKCS#11 token opens (SoftHSM, in a process of its own each time). */
@Timeout(120)
class TokenKeyTest {
  @TempDir private Path folder;

  /** What runs beside the token's environment: prints what came of it. */
  public static final class InProcess {
    private InProcess() {}

    /** wrap or unwrap, library, label, PIN, file. */
    public static void main(String[] arguments) throws Exception {
      Path file = Path.of(arguments[4]);
      try (KeyEncryptionKey key =
          KeyEncryptionKey.fromToken(
              Path.of(arguments[1]), 0, arguments[2], arguments[3].toCharArray())) {
        if (arguments[0].equals("wrap")) {
          try (KeyRing ring = KeyRing.generate()) {
            Files.write(file, ring.wrap(key));
            Files.write(Path.of(file + ".dir"), ring.directoryHashKey());
          }
        } else {
          try (KeyRing ring = KeyRing.unwrap(Files.readAllBytes(file), key)) {
            Files.write(Path.of(file + ".again"), ring.directoryHashKey());
          }
        }
        System.out.println("DONE " + key);
      } catch (DvxException e) {
        System.out.println(e.kind() + " " + e.getMessage());
      }
    }
  }

  @Test
  void onlyTheTokenOpensIt() throws Exception {
    SoftToken token = SoftToken.create(folder.resolve("one"), "1234");
    token.makeKey("dvx");
    Path file = folder.resolve("ring");
    assertEquals("DONE TokenKey", token.run(InProcess.class, arguments(token, "wrap", "1234")));
    assertEquals("DONE TokenKey", token.run(InProcess.class, arguments(token, "unwrap", "1234")));
    assertArrayEquals(
        Files.readAllBytes(Path.of(file + ".dir")), Files.readAllBytes(Path.of(file + ".again")));

    String wrongPin = token.run(InProcess.class, arguments(token, "unwrap", "9999"));
    assertTrue(wrongPin.startsWith("DENIED"), wrongPin);
    assertFalse(wrongPin.contains("9999"), wrongPin);

    SoftToken other = SoftToken.create(folder.resolve("two"), "1234");
    String noKey = other.run(InProcess.class, arguments(other, "unwrap", "1234"));
    assertTrue(noKey.startsWith("NOT_FOUND"), noKey);
    other.makeKey("dvx");
    String another = other.run(InProcess.class, arguments(other, "unwrap", "1234"));
    assertTrue(another.startsWith("DENIED This key does not open the pool"), another);
  }

  private List<String> arguments(SoftToken token, String what, String pin) {
    return List.of(what, token.library().toString(), "dvx", pin, folder.resolve("ring").toString());
  }

  @Test
  void aLibraryThatIsNoneIsTold() throws Exception {
    DvxException missing =
        assertThrows(
            DvxException.class,
            () ->
                KeyEncryptionKey.fromToken(
                    folder.resolve("none.so"), 0, "dvx", "1234".toCharArray()));
    assertEquals(Kind.NOT_FOUND, missing.kind());
    Path text = Files.writeString(folder.resolve("text.so"), "no library");
    DvxException none =
        assertThrows(
            DvxException.class,
            () -> KeyEncryptionKey.fromToken(text, 0, "dvx", "1234".toCharArray()));
    assertEquals(Kind.NOT_FOUND, none.kind());
  }
}
