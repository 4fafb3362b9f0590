package org.opendvx.server.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opendvx.server.testing.TestNode;

/** What a careless or hostile client sends gets a short answer or a closed connection. */
class HostileRequestsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_CONNECTIONS = 8;

  @TempDir private Path folder;
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(folder.resolve("data"), Duration.ofSeconds(2), MAX_CONNECTIONS);
  }

  @AfterEach
  void stop() {
    node.close();
  }

  @Test
  void badJsonIsAProblemThatRepeatsNothing() throws Exception {
    for (String body :
        new String[] {
          "{",
          "[]",
          "\"x\"",
          "{\"nmae\":\"x\"}",
          "{\"name\":{}}",
          "{\"name\":\"a\"} more",
          "{\"name\":\"a\",\"name\":\"b\"}",
          "[".repeat(5000),
          "{\"lifeSeconds\":1e999999999}",
          "null"
        }) {
      HttpResponse<String> answer = node.send("POST", "/api/v1/tokens", body);
      assertEquals(400, answer.statusCode(), body + " -> " + answer.body());
      JsonNode problem = JSON.readTree(answer.body());
      assertEquals("INVALID", problem.get("kind").asText());
      assertEquals(400, problem.get("status").asInt());
      assertFalse(answer.body().contains("org.opendvx"), answer.body());
      assertFalse(answer.body().contains("jackson"), answer.body());
    }
  }

  @Test
  void theNameOfAnUnknownMemberIsTold() throws Exception {
    HttpResponse<String> answer = node.send("POST", "/api/v1/tokens", "{\"nmae\":\"x\"}");
    assertTrue(answer.body().contains("nmae"), answer.body());
  }

  @Test
  void anOversizeBodyIsRefused() throws Exception {
    String body = "{\"name\":\"" + "x".repeat(2 << 20) + "\"}";
    HttpResponse<String> announced = node.send("POST", "/api/v1/tokens", body);
    assertEquals(413, announced.statusCode());
    assertEquals("INVALID", JSON.readTree(announced.body()).get("kind").asText());
    String head =
        "POST /api/v1/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            + node.adminToken()
            + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    try (SSLSocket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      out.write(head.getBytes(StandardCharsets.US_ASCII));
      byte[] chunk =
          ("10000\r\n" + " ".repeat(0x10000) + "\r\n").getBytes(StandardCharsets.US_ASCII);
      String answer = "";
      try {
        for (int i = 0; i < 64; i++) {
          out.write(chunk);
        }
        out.flush();
      } catch (IOException e) {
        answer = "closed";
      }
      answer += firstLine(socket);
      assertTrue(answer.contains(" 413 ") || answer.startsWith("closed"), answer);
    }
    stillServes();
  }

  @Test
  void oddPathsAndMethodsAreProblems() throws Exception {
    for (String path :
        new String[] {
          "/",
          "/api/v1/",
          "/api/v1/status/",
          "/api/v1/nothing",
          "/api/v1/../../etc/passwd",
          "/api/v1/snapshots/%00",
          "/api/v1/snapshots/%2e%2e",
          "/api/v1/tasks/-1",
          "/api/v1/tasks/99999999999999999999",
          "/api/v1/vms/%0d%0aX: y".replace(" ", "%20")
        }) {
      HttpResponse<String> answer = node.send("GET", path, "");
      assertTrue(
          answer.statusCode() == 404 || answer.statusCode() == 400 || path.endsWith("status/"),
          path + " -> " + answer.statusCode());
      assertFalse(answer.body().contains("Exception"), answer.body());
    }
    HttpResponse<String> wrongMethod = node.send("DELETE", "/api/v1/status", "");
    assertEquals(405, wrongMethod.statusCode());
    assertTrue(wrongMethod.headers().firstValue("Allow").orElse("").contains("GET"));
    assertEquals("UNSUPPORTED", JSON.readTree(wrongMethod.body()).get("kind").asText());
    for (String query : new String[] {"limit=0", "limit=x", "cursor=x", "since=x", "label=x"}) {
      assertEquals(400, node.send("GET", "/api/v1/snapshots?" + query, "").statusCode(), query);
    }
    assertEquals(400, node.send("GET", "/api/v1/tasks/1?wait=-1", "").statusCode());
  }

  @Test
  void namesThatWouldEscapeAreRefused() throws Exception {
    for (String body :
        new String[] {
          "{\"paths\":[\"/../etc\"]}",
          "{\"paths\":[\"file\"]}",
          "{\"paths\":[\"/.snapshots/x\"]}",
          "{\"paths\":[\"/file\"],\"name\":\"a/b\"}",
          "{\"paths\":[\"/file\"],\"name\":\"..\"}",
          "{\"paths\":[\"/file\"],\"labels\":{\"dvx.vm\":\"x\"}}",
          "{\"paths\":[\"/file\"],\"vm\":\"both\"}"
        }) {
      HttpResponse<String> answer = node.send("POST", "/api/v1/snapshots", body);
      String kind =
          answer.statusCode() == 202
              ? JSON.readTree(
                      node.send(
                              "GET",
                              "/api/v1/tasks/"
                                  + JSON.readTree(answer.body()).get("id").asText()
                                  + "?wait=10",
                              "")
                          .body())
                  .path("problem")
                  .path("kind")
                  .asText()
              : JSON.readTree(answer.body()).get("kind").asText();
      assertEquals("INVALID", kind, body + " -> " + answer.body());
    }
    for (String url :
        new String[] {"http://vc/sdk", "https://u:p@vc/sdk", "file:///etc/passwd", "https://"}) {
      assertEquals(
          400,
          node.send(
                  "POST",
                  "/api/v1/hypervisors",
                  "{\"name\":\"a\",\"user\":\"u\",\"password\":\"p\",\"url\":\"" + url + "\"}")
              .statusCode(),
          url);
    }
    assertEquals(
        400,
        node.send(
                "POST",
                "/api/v1/hypervisors",
                "{\"name\":\"../x\",\"user\":\"u\",\"password\":\"p\",\"url\":\"https://v/sdk\"}")
            .statusCode());
  }

  @Test
  void oldTlsIsRefused() throws Exception {
    try (SSLSocket socket = connect()) {
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      assertThrows(SSLHandshakeException.class, socket::startHandshake);
    }
    stillServes();
  }

  @Test
  void plainHttpAndGarbageAreClosed() throws Exception {
    for (String text : new String[] {"GET / HTTP/1.1\r\n\r\n", "\0\1\2\3".repeat(100)}) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), node.port())) {
        socket.setSoTimeout(10_000);
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        drain(socket.getInputStream());
      }
    }
    stillServes();
  }

  @Test
  void aHugeHeadIsRefused() throws Exception {
    try (SSLSocket socket = connect()) {
      try {
        socket
            .getOutputStream()
            .write(
                ("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: " + "y".repeat(200_000) + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        return; // closed while it was being sent
      }
      String line = firstLine(socket);
      assertTrue(line.isEmpty() || line.contains(" 4"), line);
    }
    stillServes();
  }

  @Test
  void silentAndSlowConnectionsAreClosed() throws Exception {
    try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), node.port());
        SSLSocket slow = connect();
        SSLSocket slowSecond = connect()) {
      silent.setSoTimeout(60_000);
      slow.getOutputStream().write("GET /healthz HT".getBytes(StandardCharsets.US_ASCII));
      slowSecond
          .getOutputStream()
          .write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      Thread.sleep(200);
      slowSecond.getOutputStream().write("GET /hea".getBytes(StandardCharsets.US_ASCII));
      long start = System.nanoTime();
      drain(silent.getInputStream());
      drain(slow.getInputStream());
      drain(slowSecond.getInputStream());
      assertTrue(System.nanoTime() - start < 60_000_000_000L, "closed late");
    }
    stillServes();
  }

  @Test
  void theNumberOfConnectionsIsBoundedAndComesBack() throws Exception {
    // Patient, so that it is the limit that closes, not the idle time.
    node.close();
    node = new TestNode(folder.resolve("data"), Duration.ofSeconds(60), MAX_CONNECTIONS);
    List<Socket> held = new ArrayList<>();
    try {
      for (int i = 0; i < MAX_CONNECTIONS + 4; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), node.port());
        socket.setSoTimeout(100);
        held.add(socket);
      }
      // Which of them is above the limit is for the server to say: it accepts on several threads.
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      Set<Socket> closed = new HashSet<>();
      while (closed.size() < 4) {
        assertTrue(System.nanoTime() - end < 0, "only " + closed.size() + " were closed");
        for (Socket socket : held) {
          if (!closed.contains(socket) && isClosed(socket)) {
            closed.add(socket);
          }
        }
      }
    } finally {
      for (Socket socket : held) {
        socket.close();
      }
    }
    for (int i = 0; i < 100; i++) {
      try {
        stillServes();
        return;
      } catch (IOException e) {
        Thread.sleep(50);
      }
    }
    stillServes();
  }

  private static boolean isClosed(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException e) {
      return true;
    }
  }

  private SSLSocket connect() throws Exception {
    SSLSocket socket =
        (SSLSocket)
            TestNode.trusting(Path.of(node.node().file().certificateFile()))
                .getSocketFactory()
                .createSocket("127.0.0.1", node.port());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private void stillServes() throws Exception {
    assertEquals(200, node.send("GET", "/healthz", "").statusCode());
  }

  private static String firstLine(Socket socket) {
    try {
      StringBuilder line = new StringBuilder();
      InputStream in = socket.getInputStream();
      for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
        line.append((char) c);
      }
      return line.toString();
    } catch (IOException e) {
      return "closed";
    }
  }

  /** Reads until the other side closes; fails with a time-out if it does not. */
  private static void drain(InputStream in) throws IOException {
    try {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (IOException e) {
      assertFalse(e instanceof InterruptedIOException, "the connection stayed open");
    }
  }
}
