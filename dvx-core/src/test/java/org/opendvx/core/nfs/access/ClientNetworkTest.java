package org.opendvx.core.nfs.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opendvx.core.error.DvxException;

class ClientNetworkTest {

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.1.2, true",
    "10.0.0.0/8, 11.0.0.0, false",
    "10.1.2.3, 10.1.2.3, true",
    "10.1.2.3, 10.1.2.4, false",
    "10.1.2.3/24, 10.1.2.200, true",
    "0.0.0.0/0, 200.1.1.1, true",
    "0.0.0.0/0, fd00::1, false",
    "::/0, fd00::1, true",
    "::/0, 10.0.0.1, true",
    "fd00::/8, fd12:3456::1, true",
    "fd00::/8, fe80::1, false",
    "::1, ::1, true",
    "::1, 127.0.0.1, false",
    "2001:db8::/65, 2001:db8::7fff:0:0:1, true",
    "2001:db8::/65, 2001:db8::8000:0:0:1, false",
    "::ffff:10.0.0.0/8, 10.4.4.4, true",
  })
  void containsWhatThePrefixSays(String network, String address, boolean expected)
      throws Exception {
    ClientAddress client = ClientAddress.of(InetAddress.ofLiteral(address));
    assertEquals(expected, ClientNetwork.parse(network).contains(client));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "/8", "example.org", "10.0.0.0/33", "10.0.0/x", "::1/129", "10.0.0.0/-1", "a"})
  void refusesWhatIsNoNetwork(String text) {
    assertThrows(DvxException.class, () -> ClientNetwork.parse(text));
  }

  @Test
  void loopbackIsThisMachineInBothFamilies() throws Exception {
    Export export = Export.loopback("/dvx");
    assertTrue(export.allows(ClientAddress.of(InetAddress.ofLiteral("127.0.0.1"))));
    assertTrue(export.allows(ClientAddress.of(InetAddress.ofLiteral("::1"))));
    assertFalse(export.allows(ClientAddress.of(InetAddress.ofLiteral("192.168.1.1"))));
  }

  @Test
  void theInnermostExportCoversAPath() {
    Exports exports =
        new Exports(
            List.of(Export.loopback("/a"), Export.loopback("/a/b"), Export.loopback("/ab")));
    assertEquals("/a/b", exports.covering("/a/b/c").orElseThrow().path());
    assertEquals("/a", exports.covering("/a/c").orElseThrow().path());
    assertEquals("/ab", exports.covering("/ab").orElseThrow().path());
    assertTrue(exports.covering("/abc").isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"dvx", "/dvx/", "/a//b", "/a/../b", "/a/.", ""})
  void exportsHaveCleanPaths(String path) {
    assertThrows(DvxException.class, () -> Export.loopback(path));
  }

  @Test
  void twoExportsOfOnePathAreRefused() {
    List<Export> twice = List.of(Export.loopback("/a"), Export.loopback("/a"));
    assertThrows(DvxException.class, () -> new Exports(twice));
  }
}
