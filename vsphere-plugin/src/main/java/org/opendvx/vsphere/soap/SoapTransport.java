package org.opendvx.vsphere.soap;

import com.vmware.vim25.ws.Argument;
import com.vmware.vim25.ws.Client;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.rmi.RemoteException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.TlsTrust;

/**
 * Carries the library's calls to a vCenter over HTTPS.
 *
 * <p>It replaces the library's own client, which has no time limits, loses faults on a current JDK,
 * fails on every field newer than its model, does not escape text, and writes passwords to its log.
 * A request is sent once: the JDK's HTTP client never repeats a POST, so that a call that changes
 * something cannot run twice behind our back. Every call has a time limit that covers the whole
 * answer, whose size is bounded. Thread-safe.
 */
public final class SoapTransport implements Client {
  private static final String NAMESPACE = "urn:vim25";

  /** The version that we ask for: that of the library's model, whatever vCenter's is. */
  private static final String ACTION = "urn:vim25/6.0";

  private static final String COOKIE = "vmware_soap_session=";
  private static final long MAX_ANSWER = 64L << 20;

  private static final SoapEncoder ENCODER = new SoapEncoder();

  private final URI url;
  private final HttpClient http;
  private final Duration limit;
  private final SoapDecoder decoder;
  private final AtomicReference<@Nullable String> cookie;

  private SoapTransport(
      URI url,
      HttpClient http,
      Duration limit,
      SoapDecoder decoder,
      AtomicReference<@Nullable String> cookie) {
    this.url = url;
    this.http = http;
    this.limit = limit;
    this.decoder = decoder;
    this.cookie = cookie;
  }

  /**
   * A transport to one vCenter, without a session.
   *
   * @param connectLimit for a connection, TLS included
   * @param limit for a call
   */
  public static SoapTransport to(URI url, TlsTrust trust, Duration connectLimit, Duration limit) {
    HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(connectLimit)
            .sslContext(trust.context())
            .build();
    return new SoapTransport(
        url, http, limit, new SoapDecoder(), new AtomicReference<@Nullable String>());
  }

  /** The same connection and session with another time limit for its calls. */
  public SoapTransport withLimit(Duration other) {
    return new SoapTransport(url, http, other, decoder, cookie);
  }

  /** Closes the connections; calls that are under way fail. */
  public void shutdown() {
    http.shutdownNow();
  }

  @Override
  public @Nullable Object invoke(String method, Argument[] arguments, @Nullable String returnType)
      throws RemoteException {
    HttpResponse<byte[]> answer = post(method, ENCODER.encode(method, arguments, NAMESPACE));
    int status = answer.statusCode();
    if (status != 200 && status != 500) {
      throw new NotSoapException(
          "the server answered HTTP " + status + " to " + method,
          status == 429 || status == 408 || status >= 500);
    }
    answer
        .headers()
        .allValues("Set-Cookie")
        .forEach(
            set -> {
              if (set.startsWith(COOKIE)) {
                int end = set.indexOf(';');
                cookie.set(end < 0 ? set : set.substring(0, end));
              }
            });
    if (status == 500 && looksLikeHtml(answer.body())) {
      throw new NotSoapException("the server answered HTTP 500 with a web page", true);
    }
    return decoder.decode(returnType, answer.body());
  }

  private static boolean looksLikeHtml(byte[] body) {
    String start = new String(body, 0, Math.min(body.length, 256), StandardCharsets.ISO_8859_1);
    return !start.stripLeading().startsWith("<?xml") && !start.contains("Envelope");
  }

  private HttpResponse<byte[]> post(String method, String payload) throws RemoteException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(limit)
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", ACTION)
            .header("User-Agent", "OpenDVX")
            .POST(HttpRequest.BodyPublishers.ofString(payload, StandardCharsets.UTF_8));
    String session = cookie.get();
    if (session != null) {
      request.header("Cookie", session);
    }
    CompletableFuture<HttpResponse<byte[]>> answer =
        http.sendAsync(
            request.build(), BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER));
    try {
      return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new CallTimeoutException(method, limit, e);
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new RemoteException("interrupted while waiting for " + method, e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof java.net.http.HttpConnectTimeoutException) {
        throw new RemoteException("no connection within the time limit", cause);
      }
      if (cause instanceof java.net.http.HttpTimeoutException) {
        throw new CallTimeoutException(method, limit, cause);
      }
      throw new RemoteException(method + " got no answer", cause);
    }
  }

  @Override
  public StringBuffer invokeAsString(String method, Argument[] arguments) throws RemoteException {
    throw new UnsupportedOperationException("answers are decoded, not handed on");
  }

  @Override
  public URL getBaseUrl() {
    try {
      return url.toURL();
    } catch (MalformedURLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void setBaseUrl(URL other) {
    throw new UnsupportedOperationException("a transport keeps its address");
  }

  @Override
  public @Nullable String getCookie() {
    return cookie.get();
  }

  @Override
  public void setCookie(@Nullable String value) {
    cookie.set(value);
  }

  @Override
  public String getVimNameSpace() {
    return NAMESPACE;
  }

  @Override
  public void setVimNameSpace(String namespace) {
    throw new UnsupportedOperationException("the namespace is fixed");
  }

  @Override
  public int getConnectTimeout() {
    return http.connectTimeout().map(each -> Math.toIntExact(each.toMillis())).orElse(0);
  }

  @Override
  public void setConnectTimeout(int millis) {
    throw new UnsupportedOperationException("time limits are given when the transport is made");
  }

  @Override
  public int getReadTimeout() {
    return Math.toIntExact(limit.toMillis());
  }

  @Override
  public void setReadTimeout(int millis) {
    throw new UnsupportedOperationException("time limits are given when the transport is made");
  }

  @Override
  public @Nullable TrustManager getTrustManager() {
    return null;
  }

  @Override
  public void setSoapActionOnApiVersion(String version) {
    // The action is that of the library's model.
  }

  @Override
  public String marshall(String method, Argument[] arguments) {
    return ENCODER.encode(method, arguments, NAMESPACE);
  }

  @Override
  public @Nullable Object unMarshall(String returnType, InputStream answer) throws IOException {
    return decoder.decode(returnType, answer.readAllBytes());
  }

  @Override
  public StringBuffer readStream(InputStream stream) throws IOException {
    return new StringBuffer(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
  }
}
