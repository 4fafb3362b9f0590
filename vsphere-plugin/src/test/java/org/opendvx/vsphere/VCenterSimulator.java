package org.opendvx.vsphere;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.vsphere.session.Credentials;

/**
 * A vCenter simulator that runs as long as it is open. The program is built when it is not there
 * yet; where Go or the library is missing, tests are skipped, except on Debian, where both are one
 * command away.
 */
final class VCenterSimulator implements AutoCloseable {
  static final String PASSWORD = "s3cret <&\"' word";
  static final String USER = "administrator@vsphere.local";

  private static final Duration BUILD_LIMIT = Duration.ofMinutes(8);
  private static final Duration START_LIMIT = Duration.ofSeconds(30);
  private static @Nullable Path program;

  private final Process process;
  private final String ready;
  private final Path folder;
  private final HttpClient http = HttpClient.newHttpClient();

  private VCenterSimulator(Process process, String ready, Path folder) {
    this.process = process;
    this.ready = ready;
    this.folder = folder;
  }

  /**
   * Starts one.
   *
   * @param folder for its files
   * @param options such as {@code --vms 2}
   */
  static VCenterSimulator start(Path folder, String... options)
      throws IOException, InterruptedException {
    Path readyFile = folder.resolve("ready.json");
    List<String> command = new ArrayList<>(List.of(program().toString()));
    command.addAll(
        List.of(
            "--ready", readyFile.toString(),
            "--datastores", folder.resolve("volumes").toString(),
            "--user", USER,
            "--parent", Long.toString(ProcessHandle.current().pid())));
    command.addAll(List.of(options));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("vcsim.log").toFile());
    builder.environment().put("VCSIM_PASSWORD", PASSWORD);
    Process process = builder.start();
    long end = System.nanoTime() + START_LIMIT.toNanos();
    while (!Files.exists(readyFile)) {
      if (!process.isAlive() || System.nanoTime() > end) {
        process.destroyForcibly();
        fail("the simulator did not start: " + Files.readString(folder.resolve("vcsim.log")));
      }
      Thread.sleep(20);
    }
    return new VCenterSimulator(process, Files.readString(readyFile), folder);
  }

  private static synchronized Path program() throws IOException, InterruptedException {
    if (program != null) {
      return program;
    }
    Path here = Path.of("").toAbsolutePath();
    Path module = Files.isDirectory(here.resolve("vcsim")) ? here : here.resolve("vsphere-plugin");
    Path errors = Files.createTempFile("vcsim-build", ".log");
    Process build =
        new ProcessBuilder(
                module.resolve("vcsim/build.sh").toString(),
                module.resolve("target/vcsim").toString())
            .redirectError(errors.toFile())
            .start();
    String out = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    boolean ended = build.waitFor(BUILD_LIMIT.toSeconds(), TimeUnit.SECONDS);
    String said = Files.readString(errors);
    Files.delete(errors);
    if (!ended) {
      build.destroyForcibly();
      return fail("the simulator was not built within " + BUILD_LIMIT);
    }
    if (build.exitValue() == 3 && !Files.exists(Path.of("/etc/debian_version"))) {
      return abort(said);
    }
    if (build.exitValue() != 0) {
      return fail(said);
    }
    program = Path.of(out);
    return program;
  }

  URI url() {
    return URI.create(field("url"));
  }

  String sha256() {
    return field("sha256");
  }

  /** The folder that stands for the datastore of this name. */
  Path volume(String datastore) {
    return folder.resolve("volumes").resolve(datastore);
  }

  Path certificateFile() throws IOException {
    Path file = folder.resolve("certificate.pem");
    Files.writeString(file, field("certificate").replace("\\n", "\n"));
    return file;
  }

  VSphereConfig config(String datastore, Duration callLimit) {
    return new VSphereConfig(
        "vc",
        url(),
        new Credentials(USER, () -> PASSWORD),
        new TlsTrust.Pinned(sha256()),
        datastore,
        callLimit);
  }

  VSphere connect() {
    return new VSphere(config("dvx", Duration.ofSeconds(10)));
  }

  private String field(String name) {
    Matcher match = Pattern.compile("\"" + name + "\": \"([^\"]*)\"").matcher(ready);
    if (!match.find()) {
      return fail("no " + name + " in the simulator's ready file");
    }
    return match.group(1);
  }

  /** How often the simulator received a method. */
  long calls(String method) throws IOException, InterruptedException {
    Matcher match =
        Pattern.compile("\"" + method + "\":(\\d+)").matcher(control("GET", "calls", Map.of()));
    return match.find() ? Long.parseLong(match.group(1)) : 0;
  }

  void resetCalls() throws IOException, InterruptedException {
    control("POST", "calls/reset", Map.of());
  }

  /** Moves a machine: vmotion, encrypted, drs, ha or haex. */
  void move(String kind, String vm, String host) throws IOException, InterruptedException {
    control("POST", "move/" + kind, Map.of("vm", vm, "host", host));
  }

  void power(String vm, boolean on) throws IOException, InterruptedException {
    control("POST", "power/" + (on ? "on" : "off"), Map.of("vm", vm));
  }

  /** Has a machine ask something at its next power on: uuid or lock. */
  void ask(String vm, String question) throws IOException, InterruptedException {
    control("POST", "ask", Map.of("vm", vm, "question", question));
  }

  void dropSessions() throws IOException, InterruptedException {
    control("POST", "sessions/drop", Map.of());
  }

  /** Sets the faults that the next requests meet; see the simulator's control page. */
  void faults(Map<String, String> faults) throws IOException, InterruptedException {
    control("POST", "faults", faults);
  }

  /** Fails when the simulator itself fell over a request. */
  void assertWhole() throws IOException {
    String log = Files.readString(folder.resolve("vcsim.log"));
    int panic = Math.max(log.indexOf("panic serving"), log.indexOf("panic:"));
    if (panic >= 0) {
      fail(
          "the simulator fell over: " + log.substring(panic, Math.min(log.length(), panic + 2500)));
    }
  }

  private String control(String method, String path, Map<String, String> parameters)
      throws IOException, InterruptedException {
    StringBuilder query = new StringBuilder();
    parameters.forEach(
        (name, value) ->
            query
                .append(query.isEmpty() ? "?" : "&")
                .append(name)
                .append('=')
                .append(URLEncoder.encode(value, StandardCharsets.UTF_8)));
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(URI.create(field("control") + "/control/" + path + query))
                .timeout(Duration.ofSeconds(20))
                .header("X-Control-Token", field("token"))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      fail(path + query + ": " + answer.statusCode() + " " + answer.body());
    }
    return answer.body();
  }

  @Override
  public void close() {
    http.close();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException _) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
