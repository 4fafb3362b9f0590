package org.opendvx.server.demo.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.process.Child;

/** The running process of the simulated engine. */
public final class EngineSimulator implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(40);
  private static final Duration ANSWER = Duration.ofSeconds(20);

  private final Child process;
  private final JsonNode ready;
  private final Path folder;
  private final HttpClient http = HttpClient.newHttpClient();

  private EngineSimulator(Child process, JsonNode ready, Path folder) {
    this.process = process;
    this.ready = ready;
    this.folder = folder;
  }

  /**
   * What the engine was asked since it started.
   *
   * @param calls of its API
   * @param snapshots times that a snapshot of its own was asked for
   * @param wrong calls that no real engine knows, or that must never be made
   */
  public record Asked(long calls, long snapshots, List<String> wrong) {
    /** Takes the list as it is. */
    public Asked {
      wrong = List.copyOf(wrong);
    }
  }

  /**
   * Starts it with two hosts, which write to an export of this machine.
   *
   * @param java the command that runs {@link EngineMain}, without arguments
   * @param folder for its files
   * @param parent the process whose end ends it
   */
  public static EngineSimulator start(
      List<String> java, Path folder, String export, int nfsPort, int mountPort, long parent)
      throws InterruptedException {
    List<String> command = new ArrayList<>(java);
    command.addAll(
        List.of(
            folder.toString(),
            export,
            Integer.toString(nfsPort),
            Integer.toString(mountPort),
            Long.toString(parent)));
    Child process =
        Child.start(
            "the simulated engine", command, Map.of(), folder, folder.resolve("engine.log"));
    try {
      JsonNode told =
          new ObjectMapper()
              .readTree(process.awaitFile(folder.resolve("engine.json"), START_LIMIT));
      return new EngineSimulator(process, told, folder);
    } catch (IOException e) {
      process.close();
      throw DvxException.of(Kind.INTERNAL, "The simulated engine's ready file is not understood")
          .causedBy(e)
          .build();
    } catch (RuntimeException | InterruptedException e) {
      process.close();
      throw e;
    }
  }

  /** The address of its API. */
  public URI url() {
    return URI.create(ready.path("url").asText());
  }

  /** The file with its authority, as PEM. */
  public Path authority() {
    return Path.of(ready.path("ca").asText());
  }

  /** The account that may do all. */
  public String user() {
    return EngineMain.USER;
  }

  /** The private file with the account's password, drawn for this run. */
  public Path passwordFile() {
    return folder.resolve("password");
  }

  /** The account's password. */
  public String password() throws IOException {
    return Files.readString(passwordFile()).strip();
  }

  /** What it was asked so far. */
  public Asked asked() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(ready.path("control").asText()))
            .timeout(ANSWER)
            .header("X-Control-Token", ready.path("token").asText())
            .build();
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("the engine's counters answer with " + answer.statusCode());
    }
    return new ObjectMapper().readValue(answer.body(), Asked.class);
  }

  /** Stops it. */
  @Override
  public void close() {
    http.shutdownNow();
    process.close();
  }
}
