package org.opendvx.server.datanode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.config.ConfigLoader;
import org.opendvx.server.security.PrivateFiles;
import org.opendvx.server.testing.TestNode;

/** The REST of a data node: drives, health, metrics, events and tokens, by the usual roles. */
@Timeout(120)
class DataNodeRestTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String DRIVES = "/api/v1/drives";

  @TempDir private Path folder;

  private DataNode start() throws Exception {
    Path file = folder.resolve("datanode.yaml");
    Files.writeString(
        file,
        """
        datanode: {data: %s, port: 0}
        drives: {capacity: 1GiB}
        rest: {port: 0}
        """
            .formatted(folder.resolve("data")));
    return DataNode.start(ConfigLoader.loadDataNode(file), "1.2.3", Clock.systemUTC());
  }

  @Test
  void drivesAreShownAddedAndRememberedWithoutAnyHost() throws Exception {
    String more = folder.resolve("more").toString();
    try (DataNode node = start()) {
      JsonNode drives = JSON.readTree(ok(node, "GET", DRIVES, ""));
      assertEquals(6, drives.get("drives").size());
      assertEquals("HEALTHY", drives.get("health").asText());
      assertTrue(drives.get("rawBytes").asLong() > drives.get("usableBytes").asLong());
      assertTrue(drives.has("effectiveBytes") && drives.get("effectiveBytes").isNull());
      assertEquals("IDLE", drives.get("rebuild").get("phase").asText());
      JsonNode added = JSON.readTree(ok(node, "POST", DRIVES, "{\"path\":\"" + more + "\"}"));
      assertEquals(7, added.get("drives").size());
      ok(node, "POST", DRIVES + "/scrub", "");
      String events = ok(node, "GET", "/api/v1/events", "");
      assertTrue(events.contains("drive.changed"), events);
    }
    try (DataNode node = start()) {
      JsonNode drives = JSON.readTree(ok(node, "GET", DRIVES, ""));
      assertEquals(7, drives.get("drives").size());
      assertEquals(more, drives.get("drives").get(6).get("path").asText());
      assertEquals("HEALTHY", drives.get("health").asText());
    }
  }

  @Test
  void onlyAnAdministratorChangesDrives() throws Exception {
    try (DataNode node = start()) {
      assertEquals(401, send(node, "GET", DRIVES, "", "").statusCode());
      String viewer =
          JSON.readTree(
                  send(
                          node,
                          "POST",
                          "/api/v1/tokens",
                          "{\"name\":\"eyes\",\"role\":\"viewer\"}",
                          admin(node))
                      .body())
              .get("secret")
              .asText();
      assertEquals(200, send(node, "GET", DRIVES, "", viewer).statusCode());
      String body = "{\"path\":\"" + folder.resolve("more") + "\"}";
      assertEquals(403, send(node, "POST", DRIVES, body, viewer).statusCode());
      assertEquals(403, send(node, "POST", DRIVES + "/scrub", "", viewer).statusCode());
      assertEquals(403, send(node, "DELETE", DRIVES + "/0", "", viewer).statusCode());
      assertEquals(404, send(node, "GET", "/api/v1/snapshots", "", admin(node)).statusCode());
    }
  }

  @Test
  void metricsAndHealthAreThoseOfANode() throws Exception {
    try (DataNode node = start()) {
      assertEquals(200, send(node, "GET", "/healthz", "", "").statusCode());
      String metrics = ok(node, "GET", "/metrics", "");
      for (String name :
          new String[] {
            "dvx_build_info{version=\"1.2.3\"} 1",
            "dvx_pool_health{state=\"HEALTHY\"} 1",
            "dvx_pool_usable_bytes ",
            "dvx_drive_active{drive=\"5\"} 1",
            "dvx_drive_answer_seconds{drive=\"0\"}",
            "dvx_drive_suspected{drive=\"0\"} 0",
            "dvx_rebuild_phase{phase=\"IDLE\"} 1",
            "dvx_scrub_repaired_shards 0",
            "dvx_rest_connections ",
            "jvm_memory_used_bytes{"
          }) {
        assertTrue(metrics.contains(name), name + " in " + metrics);
      }
    }
  }

  private static String admin(DataNode node) {
    return PrivateFiles.readSecret(Path.of(node.access().tokenFile()));
  }

  private static String ok(DataNode node, String method, String path, String body)
      throws Exception {
    HttpResponse<String> response = send(node, method, path, body, admin(node));
    assertEquals(200, response.statusCode(), response.body());
    return response.body();
  }

  private static HttpResponse<String> send(
      DataNode node, String method, String path, String body, String token) throws Exception {
    try (HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(TestNode.trusting(Path.of(node.access().certificateFile())))
            .build()) {
      int port = URI.create(node.access().rest()).getPort();
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("https://localhost:" + port + path))
              .timeout(Duration.ofSeconds(30))
              .method(method, HttpRequest.BodyPublishers.ofString(body));
      if (!token.isEmpty()) {
        request.header("Authorization", "Bearer " + token);
      }
      if (!body.isEmpty()) {
        request.header("Content-Type", "application/json");
      }
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }
}
