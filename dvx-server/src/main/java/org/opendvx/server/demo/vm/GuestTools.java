package org.opendvx.server.demo.vm;

import java.io.IOException;
import java.net.http.HttpClient;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.server.guest.LinuxGuest;
import org.opendvx.server.simulator.Simulator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What VMware's tools do in a guest: what the hypervisor was told to pass into the machine becomes
 * readable there. The nonce is asked for at vCenter over and over, until this is closed.
 */
public final class GuestTools implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GuestTools.class);
  private static final long STEP_MILLIS = 100;
  private static final Pattern NONCE =
      Pattern.compile(
          "<key>guestinfo\\.dvx\\.nonce</key>\\s*<value[^>]*>([A-Za-z0-9_-]{1,200})</value>");

  private final Simulator vcenter;
  private final String machine;
  private final LinuxGuest guest;
  private final Thread thread;
  private volatile boolean closed;

  private GuestTools(Simulator vcenter, String machine, LinuxGuest guest) {
    this.vcenter = vcenter;
    this.machine = machine;
    this.guest = guest;
    this.thread = Thread.ofPlatform().daemon().name("guest-tools").start(this::carry);
  }

  /**
   * Starts.
   *
   * @param machine vCenter's id of it
   */
  public static GuestTools start(Simulator vcenter, String machine, LinuxGuest guest) {
    return new GuestTools(vcenter, machine, guest);
  }

  private void carry() {
    String last = "";
    try (HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(new TlsTrust.Pinned(vcenter.certificate()).context())
            .build()) {
      String cookie = StunControl.logIn(http, vcenter);
      while (!closed) {
        Matcher found = NONCE.matcher(StunControl.extraConfig(http, vcenter, cookie, machine));
        if (found.find() && !found.group(1).equals(last)) {
          last = found.group(1);
          guest.passNonce(last);
        }
        Thread.sleep(STEP_MILLIS);
      }
    } catch (IOException e) {
      // The agent is refused then, and the demonstration says so.
      LOG.warn("facts are no longer carried into the guest", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
