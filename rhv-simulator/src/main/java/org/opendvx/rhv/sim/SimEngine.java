package org.opendvx.rhv.sim;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.ovirt.engine.sdk4.builders.Builders;
import org.ovirt.engine.sdk4.internal.xml.XmlActionWriter;
import org.ovirt.engine.sdk4.internal.xml.XmlFaultWriter;

/**
 * The engine's HTTPS face: login, tokens, faults by script, and the answers of {@link SimApi}. Its
 * address names {@code localhost}. Faults: each call of the API has a number, counted from {@link
 * #script}; the script says what goes wrong with it.
 */
public final class SimEngine implements AutoCloseable {
  private static final String API = "/ovirt-engine/api";

  private final HttpsServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final EngineCa ca = new EngineCa("localhost");
  private final Map<String, String> passwords = new ConcurrentHashMap<>();
  private final Map<String, String> tokens = new ConcurrentHashMap<>();
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger logins = new AtomicInteger();
  private final AtomicInteger down = new AtomicInteger();
  private final List<String> violations = new ArrayList<>();
  private final List<String> refused = new ArrayList<>();
  private final List<String> log = new ArrayList<>();
  private final Map<String, Queue<Refusal>> planned = new HashMap<>();
  private final List<String> heldBack = new ArrayList<>();
  private final List<Runnable> late = new ArrayList<>();
  private final SimState state = new SimState();
  private final SimApi api;
  private volatile IntFunction<Fault> script = _ -> Fault.NONE;
  private volatile boolean typeless;
  private volatile boolean unreachable;

  /** An engine whose domain files are in a store, in the folder that stands for its export. */
  public SimEngine(HostMount mount, String folder) {
    api = new SimApi(state, mount, folder, this::violation);
    passwords.put("admin@internal", "secret");
    try {
      server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setHttpsConfigurator(new HttpsConfigurator(ca.context()));
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Where the API is. */
  public URI url() {
    return URI.create("https://localhost:" + server.getAddress().getPort() + API);
  }

  /** Its authority and certificate. */
  public EngineCa ca() {
    return ca;
  }

  /** What tests do to it, and look at. */
  public SimLab lab() {
    return new SimLab(state, api);
  }

  /** Sets what goes wrong, by the number of the call from now, from 0. */
  public void script(IntFunction<Fault> faults) {
    calls.set(0);
    script = faults;
  }

  /** API calls since the last {@link #script}. */
  public int calls() {
    return calls.get();
  }

  /** Logins so far. */
  public int logins() {
    return logins.get();
  }

  /** All calls of the API, as method and path. */
  public List<String> log() {
    synchronized (state) {
      return List.copyOf(log);
    }
  }

  /** Calls that no real engine knows, or that we must never make. */
  public List<String> violations() {
    synchronized (state) {
      return List.copyOf(violations);
    }
  }

  /** How often a snapshot of the engine's own was asked for; each is a violation too. */
  public int snapshotsAsked() {
    synchronized (state) {
      return state.snapshotsAsked;
    }
  }

  /** Calls that were refused because they were wrong, and forgets them. */
  public List<String> takeRefused() {
    synchronized (state) {
      List<String> all = List.copyOf(refused);
      refused.clear();
      return all;
    }
  }

  /** The next call of this method and path's ending is refused so. */
  public void refuseNext(String ending, int code, String detail) {
    synchronized (state) {
      planned.computeIfAbsent(ending, _ -> new ArrayDeque<>()).add(new Refusal(code, detail));
    }
  }

  /**
   * The connection of the next call of this method and path's ending breaks, and the call waits in
   * the engine until {@link #carryOutLate}.
   */
  public void holdBackNext(String ending) {
    synchronized (state) {
      heldBack.add(ending);
    }
  }

  /** Carries out what was held back; how many calls that were. */
  public int carryOutLate() {
    synchronized (state) {
      List<Runnable> all = List.copyOf(late);
      late.clear();
      all.forEach(Runnable::run);
      return all.size();
    }
  }

  /** An account. */
  public void account(String user, String password) {
    passwords.put(user, password);
  }

  /** All tokens become worthless. */
  public void forgetTokens() {
    tokens.clear();
  }

  /** The login service answers without a content type. */
  public void typeless(boolean on) {
    typeless = on;
  }

  /** Nothing answers: every connection is dropped at once. */
  public void unreachable(boolean on) {
    unreachable = on;
  }

  private void violation(String what) {
    violations.add(what);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      if (unreachable) {
        return;
      }
      String path = exchange.getRequestURI().getPath();
      byte[] body = exchange.getRequestBody().readAllBytes();
      if (path.equals("/ovirt-engine/sso/oauth/token")) {
        login(exchange, form(new String(body, StandardCharsets.UTF_8)));
      } else if (path.equals("/ovirt-engine/services/sso-logout")) {
        tokens.remove(form(new String(body, StandardCharsets.UTF_8)).getOrDefault("token", ""));
        json(exchange, "{}");
      } else if (path.startsWith(API)) {
        call(exchange, path.substring(API.length()), body);
      } else {
        synchronized (state) {
          violation(exchange.getRequestMethod() + " " + path);
        }
        answer(exchange, 404, "text/html", "<html>no</html>".getBytes(StandardCharsets.UTF_8));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void login(HttpExchange exchange, Map<String, String> form)
      throws IOException, InterruptedException {
    if (down.get() > 0) {
      html503(exchange);
      return;
    }
    String user = form.getOrDefault("username", "");
    boolean good =
        "ovirt-app-api".equals(form.get("scope"))
            && form.getOrDefault("password", "").equals(passwords.get(user));
    if (!good) {
      closed.await(100, TimeUnit.MILLISECONDS);
      json(exchange, "{\"error\":\"Cannot authenticate user\",\"error_code\":\"access_denied\"}");
      return;
    }
    logins.incrementAndGet();
    String token = UUID.randomUUID().toString();
    tokens.put(token, user);
    synchronized (state) {
      state.happened(30, "User " + user + " connecting logged in.", null, null);
    }
    json(exchange, "{\"access_token\":\"" + token + "\",\"token_type\":\"bearer\"}");
  }

  private void call(HttpExchange exchange, String path, byte[] body)
      throws IOException, InterruptedException {
    Fault fault = script.apply(calls.getAndIncrement());
    switch (fault) {
      case DROP -> {
        return;
      }
      case HANG -> {
        closed.await(60, TimeUnit.SECONDS);
        return;
      }
      case UNAVAILABLE -> {
        html503(exchange);
        return;
      }
      case PAGE_404 -> {
        answer(exchange, 404, "text/html", "<html>no</html>".getBytes(StandardCharsets.UTF_8));
        return;
      }
      case RESTART -> {
        tokens.clear();
        down.set(3);
      }
      case EXPIRE -> tokens.clear();
      case NONE, HANG_AFTER, DROP_AFTER -> {
        // Below.
      }
    }
    if (down.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      html503(exchange);
      return;
    }
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    String user =
        authorization == null ? null : tokens.get(authorization.replaceFirst("Bearer ", ""));
    if (user == null) {
      answer(exchange, 401, "text/html", "<html>login</html>".getBytes(StandardCharsets.UTF_8));
      return;
    }
    String raw = exchange.getRequestURI().getRawQuery();
    Map<String, String> query = form(raw == null ? "" : raw);
    String method = exchange.getRequestMethod();
    synchronized (state) {
      if (heldBack.removeIf((method + " " + path)::endsWith)) {
        late.add(
            () -> {
              Object _ = answer(user, method, path, query, body);
            });
        return;
      }
    }
    SimApi.Answer answer = answer(user, method, path, query, body);
    if (fault == Fault.DROP_AFTER) {
      return;
    }
    if (fault == Fault.HANG_AFTER) {
      closed.await(60, TimeUnit.SECONDS);
      return;
    }
    answer(exchange, answer.code(), "application/xml;charset=UTF-8", answer.body());
  }

  private SimApi.Answer answer(
      String user, String method, String path, Map<String, String> query, byte[] body) {
    synchronized (state) {
      log.add(method + " " + path);
      try {
        for (Map.Entry<String, Queue<Refusal>> each : planned.entrySet()) {
          if ((method + " " + path).endsWith(each.getKey())) {
            Refusal planned = each.getValue().poll();
            if (planned != null) {
              throw planned;
            }
          }
        }
        return api.handle(user, method, path, query, body);
      } catch (Refusal refusal) {
        if (!(method.equals("GET") && refusal.code == 404)) {
          refused.add(method + " " + path + ": " + refusal.code + " " + refusal.getMessage());
        }
        var fault =
            Builders.fault()
                .reason("Operation Failed")
                .detail(String.valueOf(refusal.getMessage()))
                .build();
        boolean action = path.matches(".*/[a-z]+") && method.equals("POST") && isAction(path);
        return new SimApi.Answer(
            refusal.code,
            SimXml.write(
                xml -> {
                  if (action) {
                    XmlActionWriter.writeOne(
                        Builders.action().fault(fault).status("failed").build(), xml);
                  } else {
                    XmlFaultWriter.writeOne(fault, xml);
                  }
                }));
      } catch (RuntimeException e) {
        violation(method + " " + path + " broke the simulator: " + e);
        throw e;
      }
    }
  }

  private static boolean isAction(String path) {
    return path.matches(
        ".*/(start|stop|freezefilesystems|thawfilesystems|migrate|cancelmigration|activate|deactivate|register|updateovfstore)");
  }

  private static Map<String, String> form(String text) {
    Map<String, String> form = new HashMap<>();
    for (String pair : text.split("&", -1)) {
      int is = pair.indexOf('=');
      if (is > 0) {
        form.put(
            URLDecoder.decode(pair.substring(0, is), StandardCharsets.UTF_8),
            URLDecoder.decode(pair.substring(is + 1), StandardCharsets.UTF_8));
      }
    }
    return form;
  }

  private void json(HttpExchange exchange, String text) throws IOException {
    answer(
        exchange, 200, typeless ? null : "application/json", text.getBytes(StandardCharsets.UTF_8));
  }

  private static void html503(HttpExchange exchange) throws IOException {
    answer(
        exchange,
        503,
        "text/html",
        "<html>Service Unavailable</html>".getBytes(StandardCharsets.UTF_8));
  }

  private static void answer(HttpExchange exchange, int code, @Nullable String type, byte[] body)
      throws IOException {
    if (type != null) {
      exchange.getResponseHeaders().set("Content-Type", type);
    }
    exchange.sendResponseHeaders(code, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
