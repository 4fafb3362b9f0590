package org.opendvx.server.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.testing.TestNode;

class RolesTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;
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
  void eachRoleMayDoItsPartAndNoMore() throws Exception {
    String viewer = token("viewer", "").get("secret").asText();
    String operator = token("operator", "").get("secret").asText();
    for (String[] call :
        new String[][] {
          {"GET", "/api/v1/status", "", "viewer"},
          {"GET", "/api/v1/snapshots", "", "viewer"},
          {"GET", "/metrics", "", "viewer"},
          {"POST", "/api/v1/snapshots", "{\"paths\":[\"/file\"]}", "operator"},
          {"DELETE", "/api/v1/snapshots/nothing", "", "operator"},
          {"POST", "/api/v1/restores", "{}", "operator"},
          {"POST", "/api/v1/clones", "{}", "operator"},
          {"POST", "/api/v1/conversions", "{}", "operator"},
          {"GET", "/api/v1/tokens", "", "admin"},
          {"POST", "/api/v1/tokens", "{}", "admin"},
          {"DELETE", "/api/v1/tokens/nothing", "", "admin"},
          {"POST", "/api/v1/hypervisors", "{}", "admin"},
          {"POST", "/api/v1/hypervisors/x/mounts", "{}", "admin"}
        }) {
      String what = call[0] + " " + call[1];
      boolean viewerMay = call[3].equals("viewer");
      boolean operatorMay = viewerMay || call[3].equals("operator");
      assertEquals(401, node.send(call[0], call[1], call[2], "").statusCode(), what);
      assertEquals(
          viewerMay, node.send(call[0], call[1], call[2], viewer).statusCode() != 403, what);
      assertEquals(
          operatorMay, node.send(call[0], call[1], call[2], operator).statusCode() != 403, what);
      assertTrue(node.send(call[0], call[1], call[2]).statusCode() != 403, what);
    }
  }

  @Test
  void aRevokedTokenCountsNoMore() throws Exception {
    JsonNode made = token("viewer", "");
    String secret = made.get("secret").asText();
    assertEquals(200, node.send("GET", "/api/v1/status", "", secret).statusCode());
    String id = made.get("token").get("id").asText();
    assertEquals(204, node.send("DELETE", "/api/v1/tokens/" + id, "").statusCode());
    HttpResponse<String> refused = node.send("GET", "/api/v1/status", "", secret);
    assertEquals(401, refused.statusCode());
    assertEquals("Bearer", refused.headers().firstValue("WWW-Authenticate").orElse(""));
    assertEquals(
        "application/problem+json", refused.headers().firstValue("Content-Type").orElse(""));
    JsonNode problem = JSON.readTree(refused.body());
    assertEquals("urn:opendvx:problem:unauthenticated", problem.get("type").asText());
    assertEquals("UNAUTHENTICATED", problem.get("kind").asText());
    assertFalse(problem.get("remedy").asText().isBlank());
  }

  @Test
  void theLastAdministratorsTokenStays() throws Exception {
    HttpResponse<String> refused = node.send("DELETE", "/api/v1/tokens/initial", "");
    assertEquals(409, refused.statusCode());
    assertEquals(200, node.send("GET", "/api/v1/status", "").statusCode());
    JsonNode other = token("admin", "");
    assertEquals(204, node.send("DELETE", "/api/v1/tokens/initial", "").statusCode());
    assertEquals(401, node.send("GET", "/api/v1/status", "").statusCode());
    assertEquals(
        200, node.send("GET", "/api/v1/status", "", other.get("secret").asText()).statusCode());
  }

  @Test
  void guessingIsSlowedDownButLocksNobodyOut() throws Exception {
    int tooMany = 0;
    for (int i = 0; i < 15; i++) {
      HttpResponse<String> refused =
          node.send("GET", "/api/v1/status", "", "dvx_initial_guess" + i);
      if (refused.statusCode() == 429) {
        tooMany++;
        assertTrue(refused.headers().firstValue("Retry-After").isPresent());
      } else {
        assertEquals(401, refused.statusCode());
      }
    }
    assertEquals(5, tooMany);
    assertEquals(200, node.send("GET", "/api/v1/status", "").statusCode());
  }

  @Test
  void noFileHoldsATokenButTheFirst() throws Exception {
    String secret = token("viewer", "").get("secret").asText();
    String kept = Files.readString(folder.resolve("data/tokens.json"));
    // The secret's own letters may be underlines too.
    assertFalse(kept.contains(secret.substring(secret.indexOf('_', "dvx_".length()) + 1)));
    assertFalse(kept.contains(node.adminToken().substring(12)));
    assertFalse(node.send("GET", "/api/v1/tokens", "").body().contains("hash"));
  }

  private JsonNode token(String role, String more) throws Exception {
    HttpResponse<String> made =
        node.send(
            "POST", "/api/v1/tokens", "{\"name\":\"t\",\"role\":\"" + role + "\"" + more + "}");
    assertEquals(201, made.statusCode(), made.body());
    return JSON.readTree(made.body());
  }
}
