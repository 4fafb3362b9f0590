package org.opendvx.server.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

/**
 * What of the appliance can be looked at without building it; {@code packaging/appliance-test}
 * tries a built one.
 */
@Timeout(120)
class ApplianceTest {
  private static final Path PACKAGING =
      Objects.requireNonNull(Path.of("").toAbsolutePath().getParent()).resolve("packaging");
  private static final Path MACHINE = PACKAGING.resolve("machine");
  private static final Path SETUP = MACHINE.resolve("root/usr/lib/opendvx/appliance-setup");
  private static final List<Path> SCRIPTS =
      List.of(PACKAGING.resolve("appliance"), PACKAGING.resolve("appliance-test"));
  private static final long SECONDS = 60;

  @TempDir Path scratch;

  private record Ended(int code, String text) {}

  @Test
  void scriptsTellWhatTheyDoAndRefuseWhatTheyDoNotKnow() throws Exception {
    for (Path script : SCRIPTS) {
      Ended help = run(script.toString(), "--help");
      assertEquals(0, help.code(), help.text());
      assertTrue(help.text().startsWith("usage: packaging/" + script.getFileName()), help.text());
      Ended wrong = run(script.toString(), "--no-such-option");
      assertEquals(2, wrong.code(), wrong.text());
      for (String part : List.of("error: ", "  cause:   --no-such-option", "  to do:   ")) {
        assertTrue(wrong.text().contains(part), wrong.text());
      }
    }
    Ended small = run(SCRIPTS.getFirst().toString(), "--size", "1");
    assertEquals(2, small.code(), small.text());
    assertTrue(small.text().contains("--size 1 is too small"), small.text());
    Ended absent = run(SCRIPTS.getLast().toString(), scratch.resolve("absent").toString());
    assertEquals(1, absent.code(), absent.text());
    assertTrue(absent.text().contains("cannot be read"), absent.text());
  }

  @Test
  void scriptsAreCleanToTheirLinter() throws Exception {
    List<String> command = new ArrayList<>(List.of("shellcheck"));
    SCRIPTS.forEach(script -> command.add(script.toString()));
    command.add(SETUP.toString());
    Ended ended = run(command.toArray(String[]::new));
    assertEquals(0, ended.code(), ended.text());
  }

  @Test
  void machineReadsThePropertiesThatItsDescriptorOffers() throws Exception {
    String template = Files.readString(MACHINE.resolve("opendvx.ovf"));
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setNamespaceAware(true);
    factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
    Document ovf = factory.newDocumentBuilder().parse(new InputSource(new StringReader(template)));
    String namespace = "http://schemas.dmtf.org/ovf/envelope/1";
    TreeSet<String> offered = new TreeSet<>();
    var properties = ovf.getElementsByTagNameNS(namespace, "Property");
    for (int i = 0; i < properties.getLength(); i++) {
      Element property = (Element) properties.item(i);
      String key = property.getAttributeNS(namespace, "key");
      assertTrue(key.matches("[a-z-]+"), key);
      // No secret may be asked for, or be there as a default.
      assertEquals("", property.getAttributeNS(namespace, "value"), key);
      offered.add(key);
    }
    TreeSet<String> read = new TreeSet<>();
    Matcher calls = Pattern.compile("=\\$\\(property ([a-z-]+)").matcher(Files.readString(SETUP));
    while (calls.find()) {
      read.add(calls.group(1));
    }
    assertEquals(offered, read);
    assertEquals(7, read.size());
  }

  private Ended run(String... command) throws Exception {
    Path text = Files.createTempFile(scratch, "said", ".txt");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(text.toFile()).start();
    try {
      assertTrue(process.waitFor(SECONDS, TimeUnit.SECONDS), String.join(" ", command));
      return new Ended(process.exitValue(), Files.readString(text));
    } finally {
      process.destroyForcibly();
    }
  }
}
