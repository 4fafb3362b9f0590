package org.opendvx.rhv.session;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.HostnameVerifier;
import org.apache.http.Header;
import org.apache.http.HttpEntity;
import org.apache.http.HttpResponse;
import org.apache.http.HttpStatus;
import org.apache.http.client.config.CookieSpecs;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.CloseableHttpResponse;
import org.apache.http.client.methods.HttpUriRequest;
import org.apache.http.config.RegistryBuilder;
import org.apache.http.config.SocketConfig;
import org.apache.http.conn.socket.ConnectionSocketFactory;
import org.apache.http.conn.ssl.DefaultHostnameVerifier;
import org.apache.http.conn.ssl.SSLConnectionSocketFactory;
import org.apache.http.entity.ByteArrayEntity;
import org.apache.http.entity.ContentType;
import org.apache.http.entity.StringEntity;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;
import org.apache.http.impl.conn.PoolingHttpClientConnectionManager;
import org.apache.http.util.EntityUtils;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.vm.TlsTrust;
import org.ovirt.engine.sdk4.ConnectionBuilder;
import org.ovirt.engine.sdk4.HttpClient;

/**
 * The HTTP client under the SDK. The SDK's own one has no read time-out, two connections, and keeps
 * one of them busy for good with the body of every 401; this one
 *
 * <ul>
 *   <li>bounds connecting and each read, and lets a waiting call be broken off as a whole;
 *   <li>reads each answer to its end, up to a bound, so that its connection is free again at once;
 *   <li>never repeats a request by itself;
 *   <li>tells of an SSO answer without a content type, over which the SDK falls, and keeps the
 *       status of an error without XML;
 *   <li>takes no page for the API's word: a proxy's "not found" says nothing of a machine.
 * </ul>
 *
 * Thread-safe.
 */
final class EngineHttp implements HttpClient {
  private static final int MAX_ANSWER = 64 << 20;
  private static final int CONNECTIONS = 16;

  private final CloseableHttpClient client;

  /** What each thread waits for. */
  private final Map<Thread, Call> calls = new ConcurrentHashMap<>();

  /** A call of the session: one or more requests of one thread. */
  private static final class Call {
    private @Nullable HttpUriRequest request;
    private boolean expired;

    synchronized void begins(HttpUriRequest next) throws IOException {
      if (expired) {
        throw new InterruptedIOException("the time limit of the call has passed");
      }
      request = next;
    }

    synchronized boolean expired() {
      return expired;
    }

    synchronized void expire() {
      expired = true;
      if (request != null) {
        request.abort();
      }
    }
  }

  EngineHttp(TlsTrust trust, Duration connectLimit, Duration readLimit) {
    PoolingHttpClientConnectionManager pool =
        new PoolingHttpClientConnectionManager(
            RegistryBuilder.<ConnectionSocketFactory>create()
                .register(
                    "https", new SSLConnectionSocketFactory(trust.context(), hostNames(trust)))
                .build());
    pool.setMaxTotal(CONNECTIONS);
    pool.setDefaultMaxPerRoute(CONNECTIONS);
    pool.setValidateAfterInactivity(500);
    SocketConfig socket =
        SocketConfig.custom()
            .setSoTimeout(Math.toIntExact(readLimit.toMillis()))
            .setSoKeepAlive(true)
            .setTcpNoDelay(true)
            .build();
    pool.setDefaultSocketConfig(socket);
    int connect = Math.toIntExact(connectLimit.toMillis());
    client =
        HttpClients.custom()
            .setConnectionManager(pool)
            .setDefaultRequestConfig(
                RequestConfig.custom()
                    .setCookieSpec(CookieSpecs.IGNORE_COOKIES)
                    .setConnectTimeout(connect)
                    .setConnectionRequestTimeout(connect)
                    .setSocketTimeout(Math.toIntExact(readLimit.toMillis()))
                    .build())
            .disableAutomaticRetries()
            .disableRedirectHandling()
            .disableAuthCaching()
            .evictIdleConnections(20, TimeUnit.SECONDS)
            .build();
  }

  /** A certificate that is known whole needs no name. */
  private static HostnameVerifier hostNames(TlsTrust trust) {
    return trust instanceof TlsTrust.Pinned ? (_, _) -> true : new DefaultHostnameVerifier();
  }

  /** A builder of SDK connections over this client. */
  ConnectionBuilder connections() {
    return new ConnectionBuilder() {
      @Override
      protected HttpClient createHttpClient() {
        return EngineHttp.this;
      }
    };
  }

  /** The calling thread begins a call that {@link #expire} can break off. */
  void enter() {
    calls.put(Thread.currentThread(), new Call());
  }

  /** The calling thread's call is over. */
  void leave() {
    calls.remove(Thread.currentThread());
  }

  /** Breaks off what a thread waits for; it may begin nothing else in the same call. */
  void expire(Thread thread) {
    Call call = calls.get(thread);
    if (call != null) {
      call.expire();
    }
  }

  @Override
  public HttpResponse execute(HttpUriRequest request) throws IOException {
    Call call = calls.get(Thread.currentThread());
    if (call != null) {
      call.begins(request);
    }
    try (CloseableHttpResponse response = client.execute(request)) {
      HttpEntity entity = response.getEntity();
      if (request.getURI().getPath().contains("/sso/")
          && response.getFirstHeader("content-type") == null) {
        EntityUtils.consumeQuietly(entity);
        throw new IOException(
            "the login service answered "
                + response.getStatusLine().getStatusCode()
                + " without a content type");
      }
      byte[] body = entity == null ? new byte[0] : whole(entity);
      if (isForeign(request, response, body.length)) {
        throw new IOException(
            "a page, and not the engine's API, answers "
                + response.getStatusLine().getStatusCode());
      }
      if (isBare(request, response)) {
        // The SDK would not tell its status.
        response.setHeader("Content-Type", "application/xml");
        response.setEntity(new StringEntity("<fault/>", ContentType.APPLICATION_XML));
        return response;
      }
      response.setEntity(
          new ByteArrayEntity(body, entity == null ? null : ContentType.get(entity)));
      return response;
    } catch (IOException | RuntimeException e) {
      if (call != null && call.expired()) {
        throw new InterruptedIOException("the time limit of the call has passed");
      }
      throw e;
    }
  }

  /**
   * Whether somebody else than the API refuses: a proxy, or a server on which the engine does not
   * run yet. Of 401 the API's own answer is a page too, and those from 500 on mean what they say.
   */
  private static boolean isForeign(HttpUriRequest request, HttpResponse response, int length) {
    Header type = response.getFirstHeader("content-type");
    int status = response.getStatusLine().getStatusCode();
    return isBare(request, response)
        && status < 500
        && status != HttpStatus.SC_UNAUTHORIZED
        && (type == null
            ? length > 0
            : type.getValue().toLowerCase(Locale.ROOT).contains("text/html"));
  }

  private static boolean isBare(HttpUriRequest request, HttpResponse response) {
    Header type = response.getFirstHeader("content-type");
    return response.getStatusLine().getStatusCode() >= 400
        && !request.getURI().getPath().contains("/sso")
        && (type == null || !type.getValue().contains("xml"));
  }

  private static byte[] whole(HttpEntity entity) throws IOException {
    try (InputStream in = entity.getContent()) {
      byte[] body = in == null ? new byte[0] : in.readNBytes(MAX_ANSWER + 1);
      if (body.length > MAX_ANSWER) {
        throw new IOException("the answer has more than " + (MAX_ANSWER >> 20) + " MiB");
      }
      return body;
    }
  }

  /** The SDK closes it with a connection; it is closed by {@link #shutdown}. */
  @Override
  public void close() {
    // One client serves all connections that a session builds over its life.
  }

  /** Closes all connections. */
  void shutdown() throws IOException {
    client.close();
  }
}
