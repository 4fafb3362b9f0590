package org.opendvx.server.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.process.Child;
import org.opendvx.server.process.Program;
import org.opendvx.server.security.PrivateFiles;

/**
 * The vCenter simulator: Debian's govmomi library with our own main around it, which counts the
 * methods that it receives and fetches a machine's small files over NFS before it reads them.
 */
public final class Simulator implements AutoCloseable {
  private static final Duration BUILD_LIMIT = Duration.ofMinutes(4);
  private static final Duration START_LIMIT = Duration.ofSeconds(30);
  private static final Duration ANSWER = Duration.ofSeconds(20);

  private static final int USUAL_HOSTS = 3;

  /** The methods that make a machine stand still. */
  private static final String STUNS = "CreateSnapshot";

  private final Child process;
  private final JsonNode ready;
  private final String password;
  private final HttpClient http = HttpClient.newHttpClient();

  private Simulator(Child process, JsonNode ready, String password) {
    this.process = process;
    this.ready = ready;
    this.password = password;
  }

  /**
   * Builds the program if it has not been built, which takes up to a minute.
   *
   * @param sources the folder {@code vcsim} of the vsphere-plugin
   * @param built where programs are kept
   * @return the program
   */
  public static Path build(Program programs, Path sources, Path built) throws InterruptedException {
    String printed =
        programs.demand(
            "The vCenter simulator cannot be built",
            BUILD_LIMIT,
            List.of(sources.resolve("build.sh").toString(), built.toString()));
    return Path.of(printed.strip());
  }

  /** Starts it with one cluster of three hosts, and one machine that is not ours. */
  public static Simulator start(Path program, Path folder, String export, long parent)
      throws InterruptedException {
    return start(program, folder, export, parent, new Site("127.0.0.1", USUAL_HOSTS));
  }

  /**
   * What it shows.
   *
   * @param address of the vSphere API, and of its hosts
   * @param hosts of the cluster, which are called as {@link #host} says
   */
  public record Site(String address, int hosts) {}

  /**
   * Starts it with one cluster, and one machine that is not ours.
   *
   * @param folder for its files
   * @param export where it fetches the files of machines, as an nfs URL
   * @param parent the process whose end ends it
   */
  public static Simulator start(Path program, Path folder, String export, long parent, Site site)
      throws InterruptedException {
    Path ready = folder.resolve("vcsim.json");
    Path passwordFile = folder.resolve("password");
    byte[] secret = new byte[12];
    new SecureRandom().nextBytes(secret);
    String password = HexFormat.of().formatHex(secret);
    PrivateFiles.write(passwordFile, password.getBytes(StandardCharsets.US_ASCII));
    Child process =
        Child.start(
            "the vCenter simulator",
            List.of(
                program.toString(),
                "--password-file",
                passwordFile.toString(),
                "--ready",
                ready.toString(),
                "--datastores",
                folder.resolve("volumes").toString(),
                "--fetch-from",
                export,
                "--listen",
                site.address() + ":0",
                "--names",
                "localhost," + site.address(),
                "--host-addresses",
                String.join(",", Collections.nCopies(site.hosts(), site.address())),
                "--hosts",
                Integer.toString(site.hosts()),
                "--vms",
                "1",
                "--parent",
                Long.toString(parent)),
            Map.of(),
            folder,
            folder.resolve("vcsim.log"));
    try {
      JsonNode told = new ObjectMapper().readTree(process.awaitFile(ready, START_LIMIT));
      return new Simulator(process, told, password);
    } catch (IOException e) {
      process.close();
      throw DvxException.of(Kind.INTERNAL, "The simulator's ready file is not understood")
          .causedBy(e)
          .build();
    } catch (RuntimeException | InterruptedException e) {
      process.close();
      throw e;
    }
  }

  /** The address of the vSphere API. */
  public URI url() {
    return URI.create(field("url"));
  }

  /** SHA-256 of its certificate as hex digits. */
  public String certificate() {
    return field("sha256");
  }

  /** The account that may log in. */
  public String user() {
    return field("user");
  }

  /** The account's password, drawn for this run. */
  public String password() {
    return password;
  }

  /** How many times a method was called that makes a hypervisor snapshot, since the start. */
  public long stuns() throws IOException, InterruptedException {
    long stuns = 0;
    for (Map.Entry<String, JsonNode> call :
        new ObjectMapper().readTree(control("calls", "GET")).properties()) {
      if (call.getKey().startsWith(STUNS)) {
        stuns += call.getValue().asLong();
      }
    }
    return stuns;
  }

  /** The name of a host in its cluster, counted from 0. */
  public static String host(int number) {
    return "DC0_C0_H" + number;
  }

  /** Which of the two events of a move are told. */
  public enum Phase {
    /** The announcement. */
    BEGIN,
    /** The machine's arrival. */
    END
  }

  /** Who moves a machine. */
  public enum Mover {
    /** An administrator, by vMotion. */
    VMOTION,
    /** The cluster itself, to even out its load. */
    DRS
  }

  /** Moves a machine, or does a part of that. */
  public void move(Mover mover, String vm, String host, Phase phase)
      throws IOException, InterruptedException {
    String _ =
        control(
            "move/%s?vm=%s&host=%s&phase=%s".formatted(lower(mover), vm, host, lower(phase)),
            "POST");
  }

  private static String lower(Enum<?> word) {
    return word.name().toLowerCase(Locale.ROOT);
  }

  /** Restarts a machine on another host, as vSphere HA does when its host has died. */
  public void restartElsewhere(String vm, String host) throws IOException, InterruptedException {
    String _ = control("move/haex?vm=%s&host=%s".formatted(vm, host), "POST");
  }

  private String control(String what, String method) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(field("control") + "/control/" + what))
            .timeout(ANSWER)
            .header("X-Control-Token", field("token"))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException(
          "the simulator answers with " + answer.statusCode() + ": " + answer.body());
    }
    return answer.body();
  }

  /** The local folder in which it keeps what it fetched of the datastore. */
  public Path volume(String datastore) {
    return Path.of(field("datastores")).resolve(datastore);
  }

  /** Whether a request made it fall over, as its log tells. */
  public boolean fellOver(Path folder) throws IOException {
    return Files.readString(folder.resolve("vcsim.log")).contains("panic");
  }

  private String field(String name) {
    return ready.path(name).asText();
  }

  /** Stops it. */
  @Override
  public void close() {
    http.shutdownNow();
    process.close();
  }
}
