package org.opendvx.server.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.core.pool.PoolStatus;
import org.opendvx.server.testing.FakeHypervisor;
import org.opendvx.server.testing.TestNode;

class RestEndToEndTest {
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
  void tellsHowItFares() throws Exception {
    JsonNode status = ok("GET", "/api/v1/status", "");
    assertEquals("test", status.get("node").asText());
    assertEquals("1.2.3", status.get("version").asText());
    assertEquals("SERVING", status.get("state").asText());
    assertEquals(5, status.get("activeDrives").asInt());
    assertEquals(6, ok("GET", "/api/v1/drives", "").get("drives").size());
    JsonNode datastore = ok("GET", "/api/v1/datastore", "");
    assertEquals(3.0, datastore.get("reduction").asDouble());
    assertEquals("/dvx", datastore.get("exports").get(0).get("path").asText());
  }

  @Test
  void answersCarryCarefulHeaders() throws Exception {
    HttpResponse<String> answer = node.send("GET", "/api/v1/status", "");
    assertEquals("max-age=31536000", header(answer, "Strict-Transport-Security"));
    assertEquals("nosniff", header(answer, "X-Content-Type-Options"));
    assertEquals("no-store", header(answer, "Cache-Control"));
    assertTrue(header(answer, "Content-Security-Policy").contains("default-src 'none'"));
    assertTrue(header(answer, "X-Request-Id").matches("[0-9a-f]{16}"));
    assertFalse(answer.headers().toString().toLowerCase(Locale.ROOT).contains("grizzly"));
    HttpResponse<String> missing = node.send("GET", "/nothing/here", "");
    assertEquals("max-age=31536000", header(missing, "Strict-Transport-Security"));
  }

  @Test
  void healthIsPublicAndFollowsThePool() throws Exception {
    assertEquals(200, node.send("GET", "/healthz", "", "").statusCode());
    node.fakes().health(PoolStatus.Health.DEGRADED);
    assertEquals(200, node.send("GET", "/healthz", "", "").statusCode());
    node.fakes().health(PoolStatus.Health.FAILED);
    HttpResponse<String> failed = node.send("GET", "/healthz", "", "");
    assertEquals(503, failed.statusCode());
    assertEquals("FAILED", JSON.readTree(failed.body()).get("status").asText());
  }

  @Test
  void aConnectionIsTriedKeptAndForgotten() throws Exception {
    HttpResponse<String> refused = node.send("POST", "/api/v1/hypervisors", vcenter("wrong"));
    assertEquals(401, refused.statusCode());
    assertEquals(0, ok("GET", "/api/v1/hypervisors", "").get("items").size());
    assertFalse(Files.exists(passwordFile()), "a refused password is kept");

    HttpResponse<String> added =
        node.send("POST", "/api/v1/hypervisors", vcenter(FakeHypervisor.PASSWORD));
    assertEquals(201, added.statusCode(), added.body());
    assertFalse(added.body().contains(FakeHypervisor.PASSWORD));
    assertEquals("CONNECTED", JSON.readTree(added.body()).get("state").asText());
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(passwordFile())));
    assertFalse(
        Files.readString(folder.resolve("data/hypervisors.json"))
            .contains(FakeHypervisor.PASSWORD));
    assertEquals(
        409,
        node.send("POST", "/api/v1/hypervisors", vcenter(FakeHypervisor.PASSWORD)).statusCode());

    node.close();
    node = new TestNode(folder.resolve("data"));
    JsonNode kept = ok("GET", "/api/v1/hypervisors/vc1", "");
    assertEquals("https://vc.example/sdk", kept.get("url").asText());

    assertEquals(204, node.send("DELETE", "/api/v1/hypervisors/vc1", "").statusCode());
    assertFalse(Files.exists(passwordFile()));
    assertEquals(404, node.send("GET", "/api/v1/hypervisors/vc1", "").statusCode());
  }

  @Test
  void theDatastoreIsMountedHostByHost() throws Exception {
    connect();
    JsonNode task = ok("POST", "/api/v1/hypervisors/vc1/mounts", "{\"server\":\"192.0.2.5\"}");
    JsonNode hosts = done(task).get("result").get("hosts");
    assertEquals("DONE", hosts.get(0).get("outcome").asText());
    assertEquals("REFUSED", hosts.get(1).get("outcome").asText());
    assertTrue(hosts.get(1).get("reason").asText().contains("not among the clients"));
    JsonNode seen = ok("GET", "/api/v1/hypervisors/vc1/hosts", "").get("items");
    assertTrue(seen.get(0).get("mounted").asBoolean());
    done(ok("POST", "/api/v1/hypervisors/vc1/unmounts", "{\"hosts\":[\"esx1\"]}"));
    assertFalse(
        ok("GET", "/api/v1/hypervisors/vc1/hosts", "")
            .get("items")
            .get(0)
            .get("mounted")
            .asBoolean());
    JsonNode role = ok("POST", "/api/v1/hypervisors/vc1/roles", "{}");
    assertEquals("OpenDVX", role.get("name").asText());
    assertEquals(2, role.get("privileges").size());
  }

  @Test
  void machinesAreFoundByNameAndId() throws Exception {
    connect();
    assertEquals(1, ok("GET", "/api/v1/vms", "").get("items").size());
    assertEquals(2, ok("GET", "/api/v1/vms?all=true", "").get("items").size());
    assertEquals(0, ok("GET", "/api/v1/vms?name=xyz", "").get("items").size());
    assertEquals("vm-1", ok("GET", "/api/v1/vms/web1", "").get("id").asText());
    JsonNode vm = ok("GET", "/api/v1/vms/vc1/vm-1", "");
    assertEquals("OTHER_DATASTORE", vm.get("foreignDisks").get(0).get("reason").asText());
    HttpResponse<String> missing = node.send("GET", "/api/v1/vms/nobody", "");
    assertEquals(404, missing.statusCode());
    assertTrue(missing.body().contains("dvx vm list"));
  }

  @Test
  void aMachineIsSnappedRestoredAndCloned() throws Exception {
    connect();
    JsonNode snapshot =
        done(ok(
                "POST",
                "/api/v1/snapshots",
                "{\"vm\":\"web1\",\"name\":\"s1\",\"labels\":{\"ticket\":\"4711\"}}"))
            .get("result")
            .get("snapshot");
    assertEquals("s1", snapshot.get("name").asText());
    assertEquals("vc1/vm-1", snapshot.get("vmRef").asText());
    assertEquals("4711", snapshot.get("labels").get("ticket").asText());

    JsonNode running =
        done(ok("POST", "/api/v1/restores", "{\"vm\":\"web1\",\"snapshot\":\"s1\"}"));
    assertEquals("FAILED", running.get("state").asText());
    assertEquals("The machine is running", running.get("problem").get("title").asText());
    JsonNode restored =
        done(ok(
                "POST",
                "/api/v1/restores",
                "{\"vm\":\"web1\",\"snapshot\":\"s1\",\"powerOff\":true}"))
            .get("result");
    assertEquals("safety-1", restored.get("safetySnapshot").asText());

    JsonNode clone =
        done(ok("POST", "/api/v1/clones", "{\"snapshot\":\"s1\",\"name\":\"web2\"}")).get("result");
    assertEquals("/web2", clone.get("folder").asText());
    JsonNode events = ok("GET", "/api/v1/events", "").get("items");
    assertTrue(events.toString().contains("vm.restored"), events.toString());
  }

  @Test
  void aTaskIsWaitedForAndShowsItsOwner() throws Exception {
    connect();
    done(ok("POST", "/api/v1/snapshots", "{\"vm\":\"web1\",\"name\":\"s1\"}"));
    CountDownLatch gate = node.fakes().protection().holdRestores();
    HttpResponse<String> accepted =
        node.send("POST", "/api/v1/restores", "{\"snapshot\":\"s1\",\"powerOff\":true}");
    assertEquals(202, accepted.statusCode());
    String address = header(accepted, "Location");
    String path = address.substring(address.indexOf("/api/"));
    assertEquals("RUNNING", ok("GET", path, "").get("state").asText());
    assertEquals(1, ok("GET", "/api/v1/status", "").get("runningTasks").asInt());
    gate.countDown();
    JsonNode task = ok("GET", path + "?wait=20", "");
    assertEquals("DONE", task.get("state").asText());
    assertEquals("initial", task.get("owner").asText());
  }

  @Test
  void filesAreSnappedByPath() throws Exception {
    JsonNode done = done(ok("POST", "/api/v1/snapshots", "{\"paths\":[\"/file\"],\"name\":\"f\"}"));
    assertEquals("DONE", done.get("state").asText(), done.toString());
    JsonNode missing = done(ok("POST", "/api/v1/snapshots", "{\"paths\":[\"/gone\"]}"));
    assertEquals("NOT_FOUND", missing.get("problem").get("kind").asText());
    assertEquals(1, ok("GET", "/api/v1/snapshots/f", "").get("members").size());
    assertEquals(204, node.send("DELETE", "/api/v1/snapshots/f", "").statusCode());
    assertEquals(404, node.send("GET", "/api/v1/snapshots/f", "").statusCode());
  }

  @Test
  void snapshotsArePagedAndFiltered() throws Exception {
    for (int i = 0; i < 2500; i++) {
      node.fakes()
          .snapshots()
          .add(
              "s" + i,
              i * 1_000_000_000L,
              Map.of("parity", i % 2 == 0 ? "even" : "odd", "dvx.vm", "vm" + i % 10));
    }
    int seen = 0;
    String cursor = "";
    do {
      JsonNode page = ok("GET", "/api/v1/snapshots?limit=1000&cursor=" + cursor, "");
      for (JsonNode one : page.get("items")) {
        assertEquals("s" + seen++, one.get("name").asText());
      }
      cursor = page.path("next").asText("");
    } while (!cursor.isEmpty() && !cursor.equals("null"));
    assertEquals(2500, seen);
    assertEquals(250, items("?limit=1000&vm=vm3"));
    assertEquals(0, items("?limit=1000&vm=vm3&label=parity%3Deven"));
    assertEquals(250, items("?limit=1000&vm=vm3&label=parity%3Dodd"));
    assertEquals(10, items("?since=1970-01-01T00:00:10Z&until=1970-01-01T00:00:20Z"));
    assertEquals(111, items("?limit=1000&name=s24"));
  }

  @Test
  void movesOfMachinesBecomeEvents() throws Exception {
    connect();
    for (int i = 0; i < 500 && !node.fakes().connector().last().followed(); i++) {
      Thread.sleep(10);
    }
    node.fakes().connector().last().move("vm-1", "esx1", "esx2");
    JsonNode events = ok("GET", "/api/v1/events?limit=1000", "").get("items");
    assertTrue(events.toString().contains("moved from esx1 to esx2"), events.toString());
    String last = events.get(events.size() - 1).get("id").asText();
    assertEquals(0, ok("GET", "/api/v1/events?cursor=" + last, "").get("items").size());
  }

  @Test
  void metricsHaveTheirNames() throws Exception {
    String text = node.send("GET", "/metrics", "").body();
    for (String name :
        new String[] {
          "dvx_build_info{version=\"1.2.3\"} 1",
          "dvx_pool_health{state=\"HEALTHY\"} 1",
          "dvx_pool_free_bytes ",
          "dvx_pool_tolerated_losses 1",
          "dvx_drive_used_bytes{drive=\"0\"} 1048576",
          "dvx_drive_active{drive=\"5\"} 0",
          "dvx_datastore_free_bytes ",
          "dvx_datastore_written_logical_bytes_total 3000",
          "dvx_datastore_written_stored_bytes_total 1000",
          "dvx_datastore_snapshots 0",
          "jvm_memory_used_bytes{"
        }) {
      assertTrue(text.contains(name), name + " is missing in\n" + text);
    }
    assertEquals(401, node.send("GET", "/metrics", "", "").statusCode());
  }

  private int items(String query) throws Exception {
    return ok("GET", "/api/v1/snapshots" + query, "").get("items").size();
  }

  private Path passwordFile() {
    return folder.resolve("data/secrets/vc1.password");
  }

  private void connect() throws Exception {
    HttpResponse<String> added =
        node.send("POST", "/api/v1/hypervisors", vcenter(FakeHypervisor.PASSWORD));
    assertEquals(201, added.statusCode(), added.body());
  }

  private static String vcenter(String password) {
    return """
        {"name":"vc1","url":"https://vc.example/sdk","user":"dvx","password":"%s"}"""
        .formatted(password);
  }

  private JsonNode done(JsonNode task) throws Exception {
    return ok("GET", "/api/v1/tasks/" + task.get("id").asText() + "?wait=20", "");
  }

  private JsonNode ok(String method, String path, String body) throws Exception {
    HttpResponse<String> answer = node.send(method, path, body);
    assertTrue(answer.statusCode() < 300, answer.statusCode() + " " + answer.body());
    return JSON.readTree(answer.body());
  }

  private static String header(HttpResponse<?> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }
}
