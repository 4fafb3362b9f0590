package org.opendvx.server.demo.vm;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.server.simulator.Simulator;

/**
 * Does once what the product never does: has vCenter make a hypervisor snapshot, of a machine that
 * is not ours, so that the counter of such calls is shown to count. The call is written out here by
 * hand, because nothing in the product can make it.
 */
public final class StunControl {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String BEFORE =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
          + "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">"
          + "<soapenv:Body>";
  private static final String AFTER = "</soapenv:Body></soapenv:Envelope>";

  private StunControl() {}

  /**
   * Makes the call.
   *
   * @param machine the id of a throw-away machine
   */
  public static void stunOnce(Simulator vcenter, String machine)
      throws IOException, InterruptedException {
    try (HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(LIMIT)
            .sslContext(new TlsTrust.Pinned(vcenter.certificate()).context())
            .build()) {
      String cookie = logIn(http, vcenter);
      call(
          http,
          vcenter,
          cookie,
          "<CreateSnapshot_Task xmlns=\"urn:vim25\"><_this type=\"VirtualMachine\">"
              + escape(machine)
              + "</_this><name>control</name><memory>false</memory><quiesce>false</quiesce>"
              + "</CreateSnapshot_Task>");
    }
  }

  /** Logs in; returns the session's cookie. */
  static String logIn(HttpClient http, Simulator vcenter) throws IOException, InterruptedException {
    String login =
        "<Login xmlns=\"urn:vim25\"><_this type=\"SessionManager\">SessionManager</_this>"
            + "<userName>"
            + escape(vcenter.user())
            + "</userName><password>"
            + escape(vcenter.password())
            + "</password></Login>";
    return call(http, vcenter, "", login)
        .headers()
        .firstValue("Set-Cookie")
        .orElseThrow(() -> new IOException("the login gave no session"))
        .split(";", 2)[0];
  }

  /** The settings of a machine that vCenter carries into it, as it tells them. */
  static String extraConfig(HttpClient http, Simulator vcenter, String cookie, String machine)
      throws IOException, InterruptedException {
    return call(
            http,
            vcenter,
            cookie,
            "<RetrieveProperties xmlns=\"urn:vim25\">"
                + "<_this type=\"PropertyCollector\">propertyCollector</_this><specSet>"
                + "<propSet><type>VirtualMachine</type><pathSet>config.extraConfig</pathSet>"
                + "</propSet><objectSet><obj type=\"VirtualMachine\">"
                + escape(machine)
                + "</obj></objectSet></specSet></RetrieveProperties>")
        .body();
  }

  private static HttpResponse<String> call(
      HttpClient http, Simulator vcenter, String cookie, String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(vcenter.url())
            .timeout(LIMIT)
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", "urn:vim25/6.0")
            .POST(HttpRequest.BodyPublishers.ofString(BEFORE + body + AFTER));
    if (!cookie.isEmpty()) {
      request.header("Cookie", cookie);
    }
    HttpResponse<String> answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("vCenter answered " + answer.statusCode() + ": " + answer.body());
    }
    return answer;
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
