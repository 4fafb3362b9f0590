package org.opendvx.server.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.service.SnapshotPolicies;
import org.opendvx.server.testing.FakeHypervisor;
import org.opendvx.server.testing.TestNode;

/** Stored policies count when a request names none, and outlive the node. */
class PoliciesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(folder.resolve("data"));
    String body =
        """
        {"name":"vc1","url":"https://vc.example/sdk","user":"dvx","password":"%s"}"""
            .formatted(FakeHypervisor.PASSWORD);
    ok("POST", "/api/v1/hypervisors", body);
  }

  @AfterEach
  void stop() {
    node.close();
  }

  @Test
  void aMachinesPolicyIsTakenUnlessTheRequestNamesOne() throws Exception {
    assertEquals("try", policy());
    assertEquals("DONE", snapshot("\"vm\":\"web1\",\"name\":\"a\""));
    ok("PUT", "/api/v1/policies", "{\"vm\":\"web1\",\"policy\":\"require\"}");
    node.close();
    node = new TestNode(folder.resolve("data"));
    assertEquals("require", policy(), "after a restart");
    assertEquals(
        "vc1/vm-1", ok("GET", "/api/v1/policies", "").get("items").get(0).get("vm").asText());
    assertEquals("FAILED", snapshot("\"vm\":\"web1\",\"name\":\"b\""), "as required");
    assertEquals("DONE", snapshot("\"vm\":\"web1\",\"name\":\"c\",\"policy\":\"off\""));
    ok("PUT", "/api/v1/policies", "{\"vm\":\"web1\"}");
    assertEquals("try", policy());
    assertEquals(0, ok("GET", "/api/v1/policies", "").get("items").size());
    assertEquals(
        400,
        node.send("PUT", "/api/v1/policies", "{\"vm\":\"web1\",\"policy\":\"x\"}").statusCode());
  }

  @Test
  void aGroupHasItsPolicyAndItsRuleForStragglers() throws Exception {
    String path = "/api/v1/groups/shop";
    ok("PUT", path, "{\"vms\":[\"web1\",\"other\"],\"policy\":\"require\"}");
    assertEquals("FAILED", snapshot("\"group\":\"shop\""), "the group requires");
    ok("PUT", path, "{\"vms\":[\"web1\",\"other\"],\"stragglers\":\"drop\"}");
    assertEquals("DONE", snapshot("\"group\":\"shop\""));
    assertEquals(
        1,
        ok("GET", "/api/v1/snapshots?name=vm-2-DROP", "").get("items").size(),
        "the stored rule for stragglers counts");
    ok("PUT", "/api/v1/policies", "{\"vm\":\"other\",\"policy\":\"require\"}");
    assertEquals("FAILED", snapshot("\"group\":\"shop\""), "a machine's own goes before");
    assertEquals("DONE", snapshot("\"group\":\"shop\",\"policy\":\"try\""));
    node.close();
    node = new TestNode(folder.resolve("data"));
    JsonNode group = ok("GET", path, "");
    assertEquals("[\"vc1/vm-1\",\"vc1/vm-2\"]", group.get("vms").toString());
    assertEquals("drop", group.get("stragglers").asText());
    assertEquals(400, node.send("PUT", "/api/v1/groups/x", "{\"vms\":[]}").statusCode());
    assertEquals(400, node.send("PUT", "/api/v1/groups/-", "{\"vms\":[\"web1\"]}").statusCode());
    assertEquals(204, node.send("DELETE", path, "").statusCode());
    assertEquals(404, node.send("GET", path, "").statusCode());
    assertEquals(404, node.send("POST", "/api/v1/snapshots", "{\"group\":\"shop\"}").statusCode());
  }

  @Test
  void aDamagedOrNewerFileIsRefused() {
    Path file = folder.resolve("policies.json");
    for (String content : new String[] {"{", "{\"format\":2,\"machines\":[],\"groups\":[]}"}) {
      PrivateFiles.write(file, content.getBytes(StandardCharsets.UTF_8));
      DvxException refused = refusal(file);
      assertTrue(
          refused.kind() == Kind.CORRUPT || refused.kind() == Kind.UNSUPPORTED, refused.toString());
    }
  }

  private static DvxException refusal(Path file) {
    try {
      SnapshotPolicies read = new SnapshotPolicies(file);
      throw new AssertionError("read as " + read.machines());
    } catch (DvxException e) {
      return e;
    }
  }

  private String policy() throws Exception {
    return ok("GET", "/api/v1/policies?vm=web1", "").get("items").get(0).get("policy").asText();
  }

  /** The state in which the snapshot's task ends. */
  private String snapshot(String members) throws Exception {
    JsonNode task = ok("POST", "/api/v1/snapshots", "{" + members + "}");
    return ok("GET", "/api/v1/tasks/" + task.get("id").asText() + "?wait=20", "")
        .get("state")
        .asText();
  }

  private JsonNode ok(String method, String path, String body) throws Exception {
    HttpResponse<String> answer = node.send(method, path, body);
    assertTrue(answer.statusCode() < 300, answer.statusCode() + " " + answer.body());
    return JSON.readTree(answer.body());
  }
}
