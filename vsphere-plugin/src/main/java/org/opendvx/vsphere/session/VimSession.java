package org.opendvx.vsphere.session;

import com.vmware.vim25.ManagedObjectReference;
import com.vmware.vim25.ObjectContent;
import com.vmware.vim25.ObjectSpec;
import com.vmware.vim25.PropertyFilterSpec;
import com.vmware.vim25.PropertySpec;
import com.vmware.vim25.RetrieveOptions;
import com.vmware.vim25.RetrieveResult;
import com.vmware.vim25.ServiceContent;
import com.vmware.vim25.VimPortType;
import java.net.MalformedURLException;
import java.net.URI;
import java.rmi.RemoteException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.TlsTrust;
import org.opendvx.vsphere.soap.SoapFault;
import org.opendvx.vsphere.soap.SoapTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One account's session with one vCenter. It logs in when first needed and again whenever the
 * session is lost; reads are repeated over passing trouble, changes are not. Thread-safe.
 */
public final class VimSession implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VimSession.class);
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);
  private static final int READ_TRIES = 4;

  /** vCenter's own words are shown to people, and a machine's question is known by them. */
  private static final String LOCALE = "en_US";

  private static final long FIRST_PAUSE_MILLIS = 100;

  private final URI url;
  private final Credentials credentials;
  private final SoapTransport transport;
  private final VimPortType port;
  private final ReentrantLock loginLock = new ReentrantLock();
  private volatile @Nullable Login login;
  private volatile boolean closed;

  /** Logins so far; under {@link #loginLock}. */
  private long logins;

  /** What a login brought. The number tells one login from the next. */
  private record Login(long number, ServiceContent content) {}

  /** One thing asked of vCenter. */
  @FunctionalInterface
  public interface Call<T extends @Nullable Object> {
    /** Does it, over the port of the session and with what the service offers. */
    T on(VimPortType port, ServiceContent content) throws RemoteException;
  }

  /**
   * A session that is not logged in yet.
   *
   * @param url such as {@code https://vcenter.example.com/sdk}
   * @param callLimit the time limit of one call
   */
  public VimSession(URI url, Credentials credentials, TlsTrust trust, Duration callLimit) {
    this.url = url;
    this.credentials = credentials;
    this.transport = SoapTransport.to(url, trust, CONNECT_LIMIT, callLimit);
    this.port = portOf(transport);
  }

  /** A port of this session whose calls may take as long as {@code limit}, for long polls. */
  public VimPortType patient(Duration limit) {
    return portOf(transport.withLimit(limit));
  }

  private static VimPortType portOf(SoapTransport transport) {
    try {
      return new VimPortType(transport);
    } catch (MalformedURLException e) {
      throw new IllegalStateException("the library refuses the transport", e);
    }
  }

  /**
   * Reads: repeated over lost sessions and passing trouble, a bounded number of times.
   *
   * @param doing what failed if it fails, such as "vCenter cannot list its hosts"
   */
  public <T extends @Nullable Object> T read(String doing, Call<T> call) {
    RemoteException last = null;
    for (int attempt = 0; attempt < READ_TRIES; attempt++) {
      if (attempt > 0) {
        pause(attempt, doing);
      }
      Login current = null;
      try {
        current = loggedIn();
        return call.on(port, current.content());
      } catch (RemoteException e) {
        last = e;
        if (Faults.sessionLost(e) || (suspicious(e) && !alive())) {
          forget(current);
        } else if (!Faults.passing(e)) {
          throw Faults.of(doing, e);
        }
        LOG.debug("{}: {}", doing, Faults.reason(e));
      }
    }
    throw Faults.of(doing, last == null ? new RemoteException("no attempt") : last);
  }

  /**
   * Changes: the session is checked first, then the call is sent once. When it gets no answer,
   * whether vCenter carried it out is unknown, and the error says so.
   */
  public <T extends @Nullable Object> T change(String doing, Call<T> call) {
    read(
        doing,
        (p, content) -> {
          requireAlive();
          return "";
        });
    try {
      return call.on(port, loggedIn().content());
    } catch (SoapFault e) {
      if (Faults.sessionLost(e)) {
        return afterLogin(doing, call);
      }
      throw Faults.of(doing, e);
    } catch (RemoteException e) {
      throw DvxException.of(Faults.kind(e), doing)
          .causedBy(e)
          .cause(Faults.reason(e) + "; whether vCenter carried it out is unknown")
          .remedy("look at the state in vCenter, then try again")
          .build();
    }
  }

  /** NotAuthenticated means that the call was not carried out, so it may be sent again. */
  private <T extends @Nullable Object> T afterLogin(String doing, Call<T> call) {
    forget(login);
    try {
      return call.on(port, loggedIn().content());
    } catch (RemoteException e) {
      throw Faults.of(doing, e);
    }
  }

  /** Fails as a lost session does when vCenter does not know our session any more. */
  public void requireAlive() throws RemoteException {
    if (!currentSession()) {
      throw new SoapFault("NotAuthenticated", "vCenter does not know the session any more", null);
    }
  }

  /** Drops the session, so that the next call logs in. */
  public void forget() {
    forget(login);
  }

  private boolean alive() {
    try {
      return currentSession();
    } catch (RemoteException e) {
      return false;
    }
  }

  /**
   * Whether vCenter knows our session. After a loss some reads raise nothing and return nothing;
   * this is the question that tells.
   */
  private boolean currentSession() throws RemoteException {
    Login current = loggedIn();
    PropertySpec property = new PropertySpec();
    property.setType("SessionManager");
    property.setPathSet(new String[] {"currentSession"});
    ObjectSpec object = new ObjectSpec();
    object.setObj(current.content().getSessionManager());
    PropertyFilterSpec filter = new PropertyFilterSpec();
    filter.setPropSet(new PropertySpec[] {property});
    filter.setObjectSet(new ObjectSpec[] {object});
    RetrieveResult result =
        port.retrievePropertiesEx(
            current.content().getPropertyCollector(),
            new PropertyFilterSpec[] {filter},
            new RetrieveOptions());
    if (result == null || result.getObjects() == null) {
      return false;
    }
    for (ObjectContent each : result.getObjects()) {
      if (each.getPropSet() != null && each.getPropSet().length > 0) {
        return true;
      }
    }
    return false;
  }

  /** Faults that a session's objects give once the session is gone. */
  private static boolean suspicious(RemoteException e) {
    return e instanceof SoapFault fault
        && fault.is("ManagedObjectNotFound", "InvalidCollectorVersion", "NoPermission");
  }

  private Login loggedIn() throws RemoteException {
    Login current = login;
    if (current != null) {
      return current;
    }
    loginLock.lock();
    try {
      current = login;
      if (current != null) {
        return current;
      }
      if (closed) {
        throw DvxException.of(Kind.UNAVAILABLE, "The vCenter connection is closed").build();
      }
      current = logIn();
      login = current;
      return current;
    } finally {
      loginLock.unlock();
    }
  }

  private Login logIn() throws RemoteException {
    // A stale cookie would make vCenter refuse the login as one inside a session.
    transport.setCookie(null);
    ManagedObjectReference root = new ManagedObjectReference();
    root.setType("ServiceInstance");
    root.setVal("ServiceInstance");
    ServiceContent content = port.retrieveServiceContent(root);
    if (content == null || content.getSessionManager() == null) {
      throw DvxException.of(Kind.INVALID, "The address does not lead to a vCenter")
          .cause("it describes no vSphere service")
          .remedy("use https://HOST/sdk")
          .detail("url", url)
          .build();
    }
    transport.setCookie(null);
    port.login(
        content.getSessionManager(), credentials.user(), credentials.password().get(), LOCALE);
    logins++;
    LOG.info("logged in to {} as {} (login {})", url, credentials.user(), logins);
    return new Login(logins, content);
  }

  private void forget(@Nullable Login lost) {
    loginLock.lock();
    try {
      Login current = login;
      if (lost != null && current != null && current.number() == lost.number()) {
        login = null;
      }
    } finally {
      loginLock.unlock();
    }
  }

  private static void pause(int attempt, String doing) {
    long millis = FIRST_PAUSE_MILLIS << (attempt - 1);
    try {
      Thread.sleep(millis + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw DvxException.of(Kind.UNAVAILABLE, doing).cause("interrupted").causedBy(e).build();
    }
  }

  @Override
  public void close() {
    closed = true;
    Login current = login;
    login = null;
    if (current != null) {
      try {
        portOf(transport.withLimit(Duration.ofSeconds(5)))
            .logout(current.content().getSessionManager());
      } catch (RemoteException e) {
        LOG.debug("logging out: {}", Faults.reason(e));
      }
    }
    transport.shutdown();
  }
}
