package org.opendvx.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.cli.Environment;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.testing.FakeHypervisor;
import org.opendvx.server.testing.TestNode;

/** The command, in process, against a node with fakes underneath, over TLS. */
class CliEndToEndTest {
  @TempDir private Path folder;
  private final Map<String, String> variables = new HashMap<>();
  private final ByteArrayOutputStream bar = new ByteArrayOutputStream();
  private boolean terminal;
  private String out = "";
  private String err = "";
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(folder.resolve("data"));
  }

  @AfterEach
  void stop() {
    node.close();
  }

  @Test
  void theNodeOfTheDataFolderIsFound() {
    dvx(0, "status");
    assertTrue(out.contains("State           serving"), out);
    assertTrue(out.contains("warning: port 111 is taken"), out);
    dvx(0, "datastore");
    assertTrue(out.contains("Reduction       3.00x"), out);
    dvx(0, "drives");
    assertTrue(out.contains("evicted"), out);
    assertTrue(out.contains("the folder is gone"), out);
  }

  @Test
  void theCleanerTellsWhatItDidAndWhatAilsItAndCleansOnDemand() {
    dvx(0, "clean", "status");
    assertTrue(out.contains("failing"), out);
    assertTrue(out.contains("a node of a tree is damaged"), out);
    assertTrue(out.contains("a shard is bad"), out);
    assertTrue(out.contains("30 MiB"), out);
    dvx(0, "clean", "run");
    assertTrue(out.contains("12 MiB"), out);
    dvx(2, "clean");
  }

  @Test
  void aNodeElsewhereIsNamedByOptionsOrVariables() throws Exception {
    String url = "https://localhost:" + node.port();
    String token = folder.resolve("data/admin.token").toString();
    String certificate = node.node().file().certificateFile();
    String pin = node.node().file().certificateSha256();
    Path elsewhere = Files.createDirectory(folder.resolve("elsewhere"));
    dvx(1, elsewhere, "status");
    assertTrue(err.contains("There is no node to talk to"), err);
    dvx(1, elsewhere, "status", "--url", url);
    assertTrue(err.contains("There is no token"), err);
    dvx(1, elsewhere, "status", "--url", url, "--token-file", token);
    assertTrue(err.contains("Its certificate is not trusted"), err);
    assertTrue(err.contains("--certificate-sha256"), err);
    dvx(0, elsewhere, "status", "--url", url, "--token-file", token, "--ca-file", certificate);
    dvx(0, elsewhere, "status", "--url", url, "--token-file", token, "--certificate-sha256", pin);
    String wrong = (pin.startsWith("0") ? "1" : "0") + pin.substring(1);
    dvx(1, elsewhere, "status", "--url", url, "--token-file", token, "--certificate-sha256", wrong);
    assertTrue(err.contains("the node shows another certificate"), err);

    variables.put("DVX_URL", url);
    variables.put("DVX_TOKEN", node.adminToken());
    variables.put("DVX_CERTIFICATE_SHA256", pin);
    dvx(0, elsewhere, "status");
    variables.put("DVX_TOKEN", "dvx_initial_wrong");
    dvx(1, elsewhere, "status");
    assertTrue(err.contains("The node does not know this token"), err);
    variables.clear();
    variables.put("DVX_DATA", folder.resolve("data").toString());
    dvx(0, elsewhere, "status");
  }

  @Test
  void aNodeThatIsGoneIsAClearError() {
    String url = node.node().file().rest();
    node.node().close();
    dvx(1, "status");
    assertTrue(err.contains("There is no node to talk to"), err);
    variables.put("DVX_TOKEN", "dvx_a_b");
    dvx(1, "status", "--url", url);
    assertTrue(err.contains("Nothing answers at that address"), err);
    assertTrue(err.contains("  to do:"), err);
  }

  @Test
  void formsForPrograms() throws Exception {
    dvx(0, "drives", "-o", "json");
    JsonNode json = new ObjectMapper().readTree(out);
    assertEquals(6, json.get("drives").size());
    dvx(0, "drives", "-o", "yaml");
    assertEquals(json, new ObjectMapper(new YAMLFactory()).readTree(out));
    dvx(2, "drives", "-o", "xml");
    assertTrue(err.contains("  cause:   Invalid value for option '--output'"), err);
  }

  @Test
  void aMachineFromConnectionToClone() throws Exception {
    addVcenter();
    assertTrue(out.contains("connected"), out);
    assertFalse(out.contains(FakeHypervisor.PASSWORD));
    dvx(0, "vcenter", "list");
    assertTrue(out.contains("https://vc.example/sdk"), out);
    dvx(1, "vcenter", "register", "vc1", "--address", "192.0.2.5");
    assertTrue(out.contains("refused"), out);
    dvx(0, "vcenter", "hosts", "vc1");
    assertTrue(out.contains("mounted"), out);
    dvx(0, "vcenter", "unregister", "vc1", "esx1");
    dvx(0, "vcenter", "role-create", "vc1");
    assertTrue(out.contains("Datastore.Browse"), out);
    dvx(0, "vm", "list");
    assertTrue(out.contains("web1") && !out.contains("other"), out);
    dvx(0, "vm", "show", "web1");
    assertTrue(out.contains("not protected: other-datastore"), out);
    dvx(0, "vm", "show", "vc1/vm-1");

    dvx(0, "snapshot", "create", "web1", "--name", "s1", "--label", "a=1", "--label", "b=2");
    assertTrue(out.contains("Writes held"), out);
    dvx(1, "snapshot", "create", "web1", "--policy", "require");
    assertTrue(err.startsWith("error: The guest does not hold still"), err);
    dvx(2, "snapshot", "create", "web1", "--policy", "perhaps");
    dvx(0, "snapshot", "list", "--vm", "web1", "--label", "b=2");
    assertTrue(out.contains("a=1,b=2"), out);
    dvx(0, "snapshot", "list", "--label", "b=3");
    assertFalse(out.contains("s1"), out);
    dvx(0, "snapshot", "show", "s1");
    assertTrue(out.contains("/vm1/vm1.vmdk"), out);

    dvx(0, "snapshot", "writers", "s1", "-f", folder.resolve("writers.xml").toString());
    assertEquals("", out);
    assertTrue(Files.exists(folder.resolve("writers.xml")));

    dvx(0, "policy", "set", "web1", "require");
    dvx(0, "policy", "list");
    assertTrue(out.contains("vc1/vm-1"), out);
    dvx(1, "snapshot", "create", "web1");
    dvx(0, "policy", "clear", "web1");
    dvx(0, "policy", "show", "web1");
    assertTrue(out.contains("try"), out);
    dvx(0, "group", "set", "shop", "web1", "other", "--stragglers", "drop");
    dvx(0, "group", "list");
    assertTrue(out.contains("drop"), out);
    dvx(0, "snapshot", "create", "--group", "shop");
    assertTrue(out.contains("vm-2-DROP"), out);
    dvx(0, "group", "show", "shop");
    dvx(0, "group", "delete", "shop");
    dvx(2, "snapshot", "create");

    dvx(1, "restore", "web1", "--to", "s1");
    assertTrue(err.contains("Power it off, or use --power-off"), err);
    dvx(0, "restore", "web1", "--to", "s1", "--power-off");
    assertTrue(out.contains("safety-1"), out);
    dvx(0, "clone", "s1", "--name", "web2", "--power-on");
    assertTrue(out.contains("Power   on"), out);
    dvx(0, "snapshot", "delete", "s1");
    dvx(1, "snapshot", "delete", "s1");
    assertTrue(err.contains("There is no such snapshot"), err);
    dvx(0, "events");
    assertTrue(out.contains("vm.cloned"), out);
    dvx(0, "task", "list");
    assertTrue(out.contains("clone s1 as web2"), out);
    dvx(0, "vcenter", "remove", "vc1");
    dvx(1, "vcenter", "remove", "vc1");
  }

  @Test
  void manySnapshotsComeInPagesUpToALimit() {
    for (int i = 0; i < 1500; i++) {
      node.fakes().snapshots().add("s" + i, i, Map.of());
    }
    dvx(0, "snapshot", "list");
    assertEquals(1001, out.lines().count());
    assertTrue(err.contains("There are more"), err);
    dvx(0, "snapshot", "list", "--limit", "5000");
    assertEquals(1501, out.lines().count());
    assertEquals("", err);
  }

  @Test
  void progressIsDrawnOnATerminalOnly() throws Exception {
    addVcenter();
    dvx(0, "snapshot", "create", "web1", "--name", "s1");
    assertEquals("", bar.toString(StandardCharsets.UTF_8));
    terminal = true;
    CountDownLatch gate = node.fakes().protection().holdRestores();
    Thread release =
        Thread.ofVirtual()
            .start(
                () -> {
                  while (bar.size() == 0) {
                    Thread.onSpinWait();
                  }
                  gate.countDown();
                });
    dvx(0, "restore", "web1", "--to", "s1", "--power-off");
    release.join();
    assertTrue(
        bar.toString(StandardCharsets.UTF_8).contains("[..."),
        bar.toString(StandardCharsets.UTF_8));
    assertFalse(out.contains("\033"), out);
  }

  @Test
  void aTaskCanBeLeftAlone() throws Exception {
    addVcenter();
    dvx(0, "snapshot", "create", "web1", "--name", "s1");
    CountDownLatch gate = node.fakes().protection().holdRestores();
    dvx(0, "restore", "web1", "--to", "s1", "--power-off", "--no-wait", "-o", "json");
    String id = new ObjectMapper().readTree(out).get("id").asText();
    dvx(1, "restore", "web1", "--to", "s1", "--power-off", "--timeout", "0");
    assertTrue(err.contains("It goes on: dvx task show"), err);
    gate.countDown();
    for (int i = 0; i < 500 && !out.contains("done"); i++) {
      dvx(0, "task", "show", id);
    }
    assertTrue(out.contains("State           done, 100 %"), out);
  }

  @Test
  void tokensAreMadeListedAndRevoked() throws Exception {
    Path file = folder.resolve("v.token");
    dvx(
        0,
        "token",
        "create",
        "watcher",
        "--role",
        "viewer",
        "--days",
        "1",
        "--to-file",
        file.toString());
    assertFalse(out.contains("dvx_"), out);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    dvx(0, "status", "--token-file", file.toString());
    dvx(1, "token", "list", "--token-file", file.toString());
    assertTrue(err.contains("admin is needed"), err);
    dvx(0, "token", "list");
    assertTrue(out.contains("watcher"), out);
    dvx(0, "token", "revoke", PrivateFiles.readSecret(file).split("_", -1)[1]);
    dvx(1, "status", "--token-file", file.toString());
    dvx(2, "token", "create", "x", "--role", "king");
    assertTrue(err.contains("role is viewer, operator or admin"), err);
  }

  @Test
  void passwordsStayOffTheCommandLine() throws Exception {
    dvx(2, "vcenter", "add", "vc1", "--server", "https://vc/sdk", "--user", "u");
    assertTrue(err.contains("--password-file"), err);
    Path open = Files.writeString(folder.resolve("pw"), "x\n");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-rw-r--"));
    dvx(
        1,
        "vcenter",
        "add",
        "vc1",
        "--server",
        "https://vc/sdk",
        "--user",
        "u",
        "--password-file",
        open.toString());
    assertTrue(err.contains("chmod 600"), err);
  }

  @Test
  void wrongUsageIsToldInFourPartsWithSuggestions() {
    dvx(2, "snapshot", "craete", "web1");
    assertTrue(err.startsWith("error: The command cannot be understood"), err);
    assertTrue(err.contains("Did you mean create?"), err);
    dvx(2, "status", "--wacth");
    assertTrue(err.contains("Did you mean --watch?"), err);
    dvx(2, "snapshot");
    assertTrue(err.contains("dvx snapshot --help"), err);
    dvx(2, "restore", "web1");
    assertTrue(err.contains("--to"), err);
  }

  @Test
  void helpTeaches() {
    dvx(0, "--help");
    for (String command : new String[] {"serve", "snapshot", "restore", "clone", "completion"}) {
      assertTrue(out.contains(command), out);
    }
    dvx(0, "snapshot", "create", "--help");
    assertTrue(out.contains("dvx snapshot create web1 --name before-upgrade"), out);
    assertTrue(out.contains("Which node:"), out);
  }

  @Test
  void shellsGetTheirScript() {
    dvx(0, "completion", "bash");
    assertTrue(out.contains("complete -F _complete_dvx"), out.substring(0, 500));
    dvx(0, "completion", "zsh");
    assertTrue(out.contains("bashcompinit"), out.substring(0, 500));
    dvx(2, "completion", "fish");
  }

  private void addVcenter() {
    Path password = folder.resolve("password");
    PrivateFiles.write(password, FakeHypervisor.PASSWORD.getBytes(StandardCharsets.UTF_8));
    dvx(
        0,
        "vcenter",
        "add",
        "vc1",
        "--server",
        "https://vc.example/sdk",
        "--user",
        "dvx",
        "--password-file",
        password.toString());
  }

  private void dvx(int code, String... arguments) {
    dvx(code, folder, arguments);
  }

  private void dvx(int code, Path from, String... arguments) {
    StringWriter output = new StringWriter();
    StringWriter errors = new StringWriter();
    PrintStream watched = terminal ? new PrintStream(bar, true, StandardCharsets.UTF_8) : null;
    int actual =
        Main.commandLine(new Environment(variables, from, null, watched), node.fakes().parts())
            .setOut(new PrintWriter(output))
            .setErr(new PrintWriter(errors))
            .execute(arguments);
    out = output.toString();
    err = errors.toString();
    assertEquals(code, actual, String.join(" ", arguments) + "\n" + out + err);
  }
}
