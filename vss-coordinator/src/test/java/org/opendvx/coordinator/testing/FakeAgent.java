package org.opendvx.coordinator.testing;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509KeyManager;
import javax.net.ssl.X509TrustManager;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.protocol.Frame;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Machine;
import org.opendvx.coordinator.protocol.Message;
import org.opendvx.coordinator.protocol.MessageCodec;
import org.opendvx.core.vm.VmRef;

/** An agent's side of the protocol, one blocking step at a time. */
public final class FakeAgent implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 30_000;
  private static final KeyPair KEYS = keys(2048);

  private final SSLSocket socket;
  private final DataInputStream in;
  private final DataOutputStream out;
  private long sent;

  /** What an enrolled agent keeps. */
  public record Identity(KeyPair keys, X509Certificate certificate, X509Certificate authority) {}

  /**
   * Connects.
   *
   * @param identity null for a connection that may only enrol
   * @param protocol such as {@code TLSv1.3}
   */
  public FakeAgent(int port, @Nullable Identity identity, String protocol)
      throws IOException, GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        identity == null ? null : new KeyManager[] {new Insistent(identity)},
        new TrustManager[] {new Pinned(identity)},
        null);
    socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port);
    socket.setEnabledProtocols(new String[] {protocol});
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(socket.getInputStream());
    out = new DataOutputStream(socket.getOutputStream());
    socket.startHandshake();
  }

  /** A key pair. */
  public static KeyPair keys(int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A request for a certificate, base64. */
  public static String csr(KeyPair keys) {
    try {
      return Base64.getEncoder()
          .encodeToString(
              new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=whoever"), keys.getPublic())
                  .build(new JcaContentSignerBuilder("SHA256withRSA").build(keys.getPrivate()))
                  .getEncoded());
    } catch (IOException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a guest says of its machine. */
  public static Machine machine(String biosUuid, String mac, String bootId) {
    return new Machine("linux", "Test", "guest", biosUuid, "", List.of(mac), bootId);
  }

  /** Enrols with a token. */
  public static Identity enrol(Harness harness, VmRef vm, Machine machine)
      throws IOException, GeneralSecurityException {
    try (FakeAgent agent = new FakeAgent(harness.coordinator().port(), null, "TLSv1.3")) {
      agent.send(new FromAgent.Enroll(harness.token(vm), csr(KEYS), machine));
      return identity(agent.expect(FromCoordinator.Enrolled.class));
    }
  }

  /** The identity that a coordinator issued for the usual key. */
  public static Identity identity(FromCoordinator.Enrolled enrolled)
      throws GeneralSecurityException {
    return new Identity(KEYS, certificate(enrolled.certificate()), certificate(enrolled.ca()));
  }

  /** A certificate from base64. */
  public static X509Certificate certificate(String base64) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(Base64.getDecoder().decode(base64)));
  }

  /** Connects, proves where it runs, and is welcomed. */
  public static FakeAgent welcomed(Harness harness, VmRef vm, Identity identity, Machine machine)
      throws IOException, GeneralSecurityException {
    FakeAgent agent = new FakeAgent(harness.coordinator().port(), identity, "TLSv1.3");
    FromCoordinator.Welcome _ = agent.hello(harness, vm, machine);
    return agent;
  }

  /** Says hello and proves where it runs. */
  public FromCoordinator.Welcome hello(Harness harness, VmRef vm, Machine machine)
      throws IOException {
    send(hello(machine));
    FromCoordinator.Challenge _ = expect(FromCoordinator.Challenge.class);
    send(new FromAgent.Proof(harness.inventory().read(vm)));
    return expect(FromCoordinator.Welcome.class);
  }

  /** A hello of an agent that can do everything. */
  public static FromAgent.Hello hello(Machine machine) {
    return new FromAgent.Hello(
        "test 1", machine, List.of("APPLICATION", "FILE_SYSTEM", "HOOKS"), false, "");
  }

  /** Sends a message. */
  public void send(Message message) throws IOException {
    raw(MessageCodec.encode(message, ++sent));
  }

  /** Sends any bytes as a body. */
  public void raw(byte[] body) throws IOException {
    out.writeInt(Frame.MAGIC);
    out.writeShort(Frame.VERSION);
    out.writeShort(0);
    out.writeInt(body.length);
    out.write(body);
    out.flush();
  }

  /** Sends any bytes. */
  public void bytes(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
  }

  /** The next message that is no heartbeat. */
  public Message next() throws IOException {
    while (true) {
      byte[] header = new byte[Frame.HEADER];
      in.readFully(header);
      int length = new DataInputStream(new ByteArrayInputStream(header, 8, 4)).readInt();
      byte[] body = new byte[length];
      in.readFully(body);
      Message message = MessageCodec.decode(body).message();
      if (!(message instanceof Message.Heartbeat)) {
        return message;
      }
    }
  }

  /** The next message, which must be of a type. */
  public <T extends Message> T expect(Class<T> type) throws IOException {
    Message message = next();
    if (!type.isInstance(message)) {
      throw new AssertionError("expected " + type.getSimpleName() + ", got " + message);
    }
    return type.cast(message);
  }

  /** Ends the connection at once, as a dead process or a cut cable does. */
  public void cut() throws IOException {
    socket.close();
  }

  @Override
  public void close() throws IOException {
    cut();
  }

  /** Whatever authorities the server names: a forged certificate must be sent, too. */
  private record Insistent(Identity identity) implements X509KeyManager {
    @Override
    public String[] getClientAliases(String type, Principal @Nullable [] issuers) {
      return new String[] {"agent"};
    }

    @Override
    public String chooseClientAlias(
        String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return "agent";
    }

    @Override
    public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseServerAlias(
        String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
      return null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return new X509Certificate[] {identity.certificate()};
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return identity.keys().getPrivate();
    }
  }

  /** Believes the authority that it enrolled with; while enrolling, as a token's pin would say. */
  private record Pinned(@Nullable Identity identity) implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      X509Certificate authority = chain[chain.length - 1];
      if (chain.length != 2 || (identity != null && !authority.equals(identity.authority()))) {
        throw new CertificateException("not the pinned authority");
      }
      try {
        chain[0].verify(authority.getPublicKey());
      } catch (GeneralSecurityException e) {
        throw new CertificateException(e);
      }
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
