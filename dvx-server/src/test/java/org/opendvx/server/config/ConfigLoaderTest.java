package org.opendvx.server.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;

class ConfigLoaderTest {
  @TempDir private Path folder;

  @Test
  void anEmptyFileIsTheDefault() {
    assertEquals(ConfigLoader.defaults(), load(""));
    assertEquals(ConfigLoader.defaults(), load("nfs:\nrest:\n"));
    assertEquals("localhost", load("").nfs().listen());
    assertEquals("127.0.0.1", load("").rest().listen());
  }

  @Test
  void everySectionIsRead() {
    NodeConfig config =
        load(
            """
            node: {name: a-1, data: /var/lib/dvx, datastore: gold}
            drives: {folders: [/d1, /d2], capacity: 500GiB}
            keys: {passphrase-file: /etc/dvx/phrase}
            memory: {read-cache: 2 GiB}
            nfs:
              listen: 0.0.0.0
              port: 12049
              portmapper: off
              clients: [10.0.0.0/8]
              exports:
                - path: /ovirt
                  folder: /rhv
                  owner: 36:36
            rest: {idle: 5s, max-connections: 10, names: [dvx.example]}
            log: {format: json, level: debug}
            hypervisors:
              - {name: vc1, url: 'https://vc/sdk', user: u, password-file: /etc/dvx/pw}
            """);
    assertEquals("gold", config.node().datastore());
    assertEquals(List.of(Path.of("/d1"), Path.of("/d2")), config.drives().folders());
    assertEquals(500L << 30, config.drives().capacity().bytes());
    assertTrue(config.keys().byPassphrase());
    assertEquals(2L << 30, config.memory().readCache().bytes());
    assertEquals(NfsSection.Portmapper.OFF, config.nfs().portmapper());
    assertEquals(36, config.nfs().exports().getFirst().gid());
    assertFalse(config.nfs().exports().getFirst().readOnly());
    assertEquals(Duration.ofSeconds(5), config.rest().idle());
    assertEquals(LogSection.Level.DEBUG, config.log().level());
    assertEquals("vc1", config.hypervisors().getFirst().name());
    assertEquals(12049, config.nfs().port());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nfs: {prot: 1}             | nfs.prot: there is no such key     | Did you mean nfs.port?",
        "nfss: {port: 1}            | nfss: there is no such key         | Did you mean nfs?",
        "nfs: {exports: [{path: /a, ower: '1:1'}]} | nfs.exports[0].ower: there is | nfs.exports[0].owner?",
        "nfs: {port: 70000}         | nfs.port: a port is 0 to 65535     | Correct it",
        "nfs: {port: x}             | nfs.port: \"x\" is no whole number | Correct it",
        "nfs: {port: [1]}           | nfs.port: it is a single value     | Correct it",
        "nfs: {clients: 10.0.0.0/8} | nfs.clients: it is a list          | Correct it",
        "nfs: 5                     | nfs: it holds keys                 | Correct it",
        "nfs: {portmapper: maybe}   | it is one of auto, on, off         | Correct it",
        "nfs: {exports: [{folder: /a}]} | nfs.exports[0].path: it must be given | Correct it",
        "node: {name: Ä}            | node.name: it has 1 to 64          | Correct it",
        "drives: {capacity: 5 apples} | drives.capacity: a size is       | Correct it",
        "rest: {certificate: /a}    | rest.private-key: certificate and  | Correct it",
        "rest: {idle: soon}         | rest.idle: a time is               | Correct it",
        "memory: {read-cache: 1}    | memory.read-cache: it is at least  | Correct it",
        "[1, 2]                     | the file: it holds keys            | Correct it",
        "a: [                       | It is no valid YAML                | Correct the line",
        "'log: {level: info, level: warn}' | no valid YAML               | Correct the line",
      })
  void whatIsWrongIsSaidWithTheKey(String yaml, String cause, String remedy) {
    String text = yaml.startsWith("'") ? yaml.substring(1, yaml.length() - 1) : yaml;
    DvxException refused = assertThrows(DvxException.class, () -> load(text));
    assertEquals(Kind.INVALID, refused.kind());
    assertTrue(refused.render().contains(cause.strip()), refused.render());
    assertTrue(refused.render().contains(remedy.strip()), refused.render());
    assertTrue(refused.render().contains("dvx.yaml"), refused.render());
  }

  @Test
  void twoConnectionsCannotHaveOneName() {
    String one = "{name: a, url: 'https://v/sdk', user: u, password-file: /p}";
    DvxException refused =
        assertThrows(DvxException.class, () -> load("hypervisors: [" + one + ", " + one + "]"));
    assertTrue(refused.render().contains("twice"), refused.render());
  }

  @Test
  void aMissingOrHugeFileIsRefused() throws Exception {
    assertEquals(
        Kind.NOT_FOUND,
        assertThrows(DvxException.class, () -> ConfigLoader.load(folder.resolve("none"))).kind());
    Path huge = Files.writeString(folder.resolve("huge"), "#".repeat(2 << 20));
    assertEquals(
        Kind.INVALID, assertThrows(DvxException.class, () -> ConfigLoader.load(huge)).kind());
  }

  @ParameterizedTest
  @CsvSource({"0,0 B", "1023,1023 B", "1024,1 KiB", "1536,1.5 KiB", "10737418240,10 GiB"})
  void sizesAreShownShortAndReadBack(long bytes, String text) {
    assertEquals(text, ByteSize.human(bytes));
    if (!text.contains(".")) {
      assertEquals(bytes, ByteSize.parse(text).bytes());
    }
  }

  private NodeConfig load(String yaml) {
    return ConfigLoader.parse(yaml, folder.resolve("dvx.yaml"));
  }
}
