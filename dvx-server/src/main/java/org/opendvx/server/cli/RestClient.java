package org.opendvx.server.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Json;
import org.opendvx.server.api.NodeFile;
import org.opendvx.server.api.Problem;

/** Talks to a node's REST. A problem that it answers comes out as the exception it was. */
public final class RestClient implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(10);
  private static final Duration ANSWER = Duration.ofSeconds(150);

  private final ObjectMapper json = Json.lenient();
  private final HttpClient http;
  private final URI base;
  private final String token;

  /**
   * A client; nothing is sent yet.
   *
   * @param base such as {@code https://127.0.0.1:7443}
   */
  public RestClient(URI base, String token, SSLContext tls) {
    this.base = base;
    this.token = token;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .sslContext(tls)
            .build();
  }

  /**
   * A client of a node of this machine, with its administrator's first token.
   *
   * @throws IOException when the token cannot be read
   */
  public static RestClient of(NodeFile node) throws IOException {
    return new RestClient(
        URI.create(node.rest()),
        Files.readString(Path.of(node.tokenFile())).strip(),
        ServerTrust.pinned(node.certificateSha256()));
  }

  /** A part of a path or query, made safe. */
  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** GET of a path below {@code /api/v1}. */
  public <T> T get(String path, Class<T> type) {
    byte[] answer = send("GET", path, null);
    return read(() -> json.readValue(answer, type));
  }

  /** GET of something with type parameters. */
  public <T> T get(String path, TypeReference<T> type) {
    byte[] answer = send("GET", path, null);
    return read(() -> json.readValue(answer, type));
  }

  /** POST of a record. */
  public <T> T post(String path, Object body, Class<T> type) {
    byte[] answer = send("POST", path, body);
    return read(() -> json.readValue(answer, type));
  }

  /** PUT of a record. */
  public <T> T put(String path, Object body, Class<T> type) {
    byte[] answer = send("PUT", path, body);
    return read(() -> json.readValue(answer, type));
  }

  /** DELETE. */
  public void delete(String path) {
    send("DELETE", path, null);
  }

  /** Turns a task's result into what it is. */
  public <T> T convert(@Nullable Object result, Class<T> type) {
    if (result == null) {
      throw badAnswer("a result is missing", null);
    }
    return json.convertValue(result, type);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  private byte[] send(String method, String path, @Nullable Object body) {
    try {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(base.resolve("/api/v1/" + path))
              .timeout(ANSWER)
              .header("Authorization", "Bearer " + token)
              .header("Accept", "application/json, " + Problem.MEDIA_TYPE);
      if (body == null) {
        request.method(method, HttpRequest.BodyPublishers.noBody());
      } else {
        request
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofByteArray(json.writeValueAsBytes(body)));
      }
      HttpResponse<byte[]> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
      if (response.statusCode() >= 400) {
        throw problem(response);
      }
      return response.body();
    } catch (HttpTimeoutException e) {
      throw failed(Kind.TIMEOUT, "It has not answered in time", e);
    } catch (ConnectException e) {
      throw failed(Kind.UNAVAILABLE, "Nothing answers at that address", e);
    } catch (SSLException e) {
      throw failed(Kind.DENIED, "Its certificate is not trusted: " + e.getMessage(), e);
    } catch (IOException e) {
      throw failed(Kind.UNAVAILABLE, "The connection broke: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(Kind.UNAVAILABLE, "The command was interrupted", e);
    }
  }

  private interface Reading<T> {
    @Nullable T read() throws IOException;
  }

  private <T> T read(Reading<T> reading) {
    try {
      T value = reading.read();
      if (value == null) {
        throw badAnswer("it is empty", null);
      }
      return value;
    } catch (IOException e) {
      throw badAnswer("it is no JSON of the expected form", e);
    }
  }

  private DvxException problem(HttpResponse<byte[]> response) {
    try {
      return json.readValue(response.body(), Problem.class).toException();
    } catch (IOException | RuntimeException e) {
      return badAnswer("it has status " + response.statusCode() + " and no problem in it", e);
    }
  }

  private DvxException badAnswer(String cause, @Nullable Exception source) {
    DvxException.Builder error =
        DvxException.of(Kind.INTERNAL, "The answer cannot be understood")
            .cause("The answer of " + base + " is not that of a DVX node: " + cause)
            .remedy("Check the address, and that command and node have the same version");
    return source == null ? error.build() : error.causedBy(source).cause(cause).build();
  }

  private DvxException failed(Kind kind, String cause, Exception source) {
    return DvxException.of(kind, "The node cannot be reached")
        .causedBy(source)
        .cause(cause)
        .remedy(
            kind == Kind.DENIED
                ? "Give the node's certificate by --ca-file or --certificate-sha256;"
                    + " dvx serve prints both"
                : "Check that it runs (dvx serve) and that --url or DVX_URL is right")
        .detail("address", base)
        .build();
  }
}
