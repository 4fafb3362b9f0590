package org.opendvx.server.demo.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.opendvx.rhv.sim.SimEngine;
import org.opendvx.server.bench.rpc.Credentials;
import org.opendvx.server.bench.rpc.NfsSession;
import org.opendvx.server.bench.rpc.Target;
import org.opendvx.server.security.PrivateFiles;

/**
 * The program of the simulated engine: it runs until the process that started it ends. Beside the
 * engine's own interface it has one that tells, to who has its token, what the engine was asked.
 */
public final class EngineMain {
  /** The account that may do all. */
  static final String USER = "admin@internal";

  private static final int VDSM = 36;
  private static final Duration CALL_LIMIT = Duration.ofSeconds(40);

  private EngineMain() {}

  /**
   * Runs it.
   *
   * @param arguments folder for its files, export of the domain, port of NFS, port of MOUNT, and
   *     the process whose end ends it
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Target target =
        new Target(
            "127.0.0.1",
            arguments[1],
            Integer.parseInt(arguments[2]),
            Integer.parseInt(arguments[3]),
            new Credentials("demo-host", VDSM, VDSM),
            CALL_LIMIT,
            false);
    Optional<ProcessHandle> parent = ProcessHandle.of(Long.parseLong(arguments[4]));
    try (NfsMount mount = new NfsMount(NfsSession.open(target));
        SimEngine engine = new SimEngine(mount, "")) {
      engine.lab().host("ovirt-host1", "127.0.0.1");
      engine.lab().host("ovirt-host2", "127.0.0.1");
      String password = secret();
      engine.account(USER, password);
      PrivateFiles.write(folder.resolve("password"), password.getBytes(StandardCharsets.US_ASCII));
      String token = secret();
      HttpServer control =
          HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
      control.createContext("/control/calls", exchange -> tell(exchange, engine, token));
      control.start();
      ready(
          folder,
          Map.of(
              "url",
              engine.url().toString(),
              "ca",
              engine.ca().writePem(folder).toString(),
              "control",
              "http://127.0.0.1:" + control.getAddress().getPort() + "/control/calls",
              "token",
              token));
      if (parent.isPresent()) {
        parent.get().onExit().join();
      }
      control.stop(0);
    }
  }

  private static String secret() {
    byte[] random = new byte[12];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /** The file is there all at once. */
  private static void ready(Path folder, Map<String, String> told) throws IOException {
    Path part = folder.resolve("engine.json.part");
    PrivateFiles.write(part, new ObjectMapper().writeValueAsBytes(told));
    Files.move(part, folder.resolve("engine.json"), StandardCopyOption.ATOMIC_MOVE);
  }

  private static void tell(HttpExchange exchange, SimEngine engine, String token)
      throws IOException {
    try (exchange) {
      if (!token.equals(exchange.getRequestHeaders().getFirst("X-Control-Token"))) {
        exchange.sendResponseHeaders(403, -1);
        return;
      }
      byte[] body =
          new ObjectMapper()
              .writeValueAsBytes(
                  new EngineSimulator.Asked(
                      engine.log().size(), engine.snapshotsAsked(), engine.violations()));
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
