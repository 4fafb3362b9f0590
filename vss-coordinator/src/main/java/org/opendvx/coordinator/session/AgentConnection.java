package org.opendvx.coordinator.session;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.handler.timeout.ReadTimeoutException;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.security.cert.X509Certificate;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.opendvx.coordinator.protocol.Envelope;
import org.opendvx.coordinator.protocol.FromAgent;
import org.opendvx.coordinator.protocol.FromCoordinator;
import org.opendvx.coordinator.protocol.Message;
import org.opendvx.coordinator.protocol.ProtocolException;
import org.opendvx.coordinator.protocol.RefusalCode;
import org.opendvx.coordinator.registry.Agent;
import org.opendvx.core.error.DvxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection, from its handshake to its end. All fields belong to the event loop; what may wait
 * runs elsewhere and comes back to it. Until the agent was let in the connection may do one thing
 * at a time, and not for long.
 */
final class AgentConnection extends SimpleChannelInboundHandler<Envelope> {
  private static final Logger LOG = LoggerFactory.getLogger(AgentConnection.class);
  private static final int ADMISSION_SECONDS = 90;
  private static final int MISSED_HEARTBEATS = 3;

  private final Context context;
  private final Admission admission;
  private final Doorway doorway;
  private final Chatter chatter;
  private boolean waiting;
  private boolean refused;
  private @Nullable Agent agent;
  private FromAgent.@Nullable Hello hello;
  private FromAgent.@Nullable Enroll enroll;
  private Admission.@Nullable Challenge challenge;
  private @Nullable AgentLink link;

  AgentConnection(Context context, Admission admission, Doorway doorway) {
    super(Envelope.class);
    this.context = context;
    this.admission = admission;
    this.doorway = doorway;
    this.chatter = new Chatter(context.ticker());
  }

  @Override
  public void channelActive(ChannelHandlerContext channel) {
    Object _ =
        channel
            .executor()
            .schedule(
                () -> {
                  if (link == null && channel.channel().isActive()) {
                    refuse(channel, RefusalCode.LIMIT, "the agent took too long to present itself");
                  }
                },
                ADMISSION_SECONDS,
                TimeUnit.SECONDS);
    channel.fireChannelActive();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext channel, Envelope envelope) {
    if (refused) {
      return;
    }
    AgentLink in = link;
    if (in == null) {
      present(channel, envelope.message());
    } else {
      serve(channel, in, envelope.message());
    }
  }

  private void present(ChannelHandlerContext channel, Message message) {
    if (waiting) {
      throw new ProtocolException(RefusalCode.PROTOCOL, "a message before the answer to the last");
    }
    Admission.Challenge asked = challenge;
    switch (message) {
      case FromAgent.Enroll told when enroll == null && hello == null -> {
        enroll = told;
        if (told.token().isEmpty()) {
          off(channel, () -> admission.challengeClone(told.machine()), ask(channel));
        } else {
          off(channel, () -> admission.enrol(told), enrolled(channel));
        }
      }
      case FromAgent.Hello told when enroll == null && hello == null -> {
        hello = told;
        X509Certificate presented = certificate(channel);
        if (presented == null) {
          throw new ProtocolException(
              RefusalCode.CERTIFICATE, "a connection without a certificate may only enrol");
        }
        off(
            channel,
            () -> {
              Agent known = admission.identify(presented);
              return new Checked(known, admission.challenge(known, told.machine()).orElse(null));
            },
            checked -> {
              agent = checked.agent();
              if (checked.challenge() == null) {
                letIn(channel, checked.agent(), told, "mac");
              } else {
                ask(channel).accept(checked.challenge());
              }
            });
      }
      case FromAgent.Proof told when asked != null -> {
        challenge = null;
        prove(channel, asked, told.nonce());
      }
      case Message.Heartbeat told -> answer(channel, told);
      case Message.Unknown told -> unknown(channel, told);
      default ->
          throw new ProtocolException(
              RefusalCode.PROTOCOL, message.getClass().getSimpleName() + " does not belong here");
    }
  }

  private record Checked(Agent agent, Admission.@Nullable Challenge challenge) {}

  private Consumer<Admission.Challenge> ask(ChannelHandlerContext channel) {
    return asked -> {
      challenge = asked;
      send(channel, new FromCoordinator.Challenge(asked.property()));
    };
  }

  private Consumer<FromCoordinator.Enrolled> enrolled(ChannelHandlerContext channel) {
    return identity -> {
      refused = true;
      Object _ = channel.writeAndFlush(identity).addListener(ChannelFutureListener.CLOSE);
    };
  }

  private void prove(ChannelHandlerContext channel, Admission.Challenge asked, String nonce) {
    FromAgent.Enroll cloning = enroll;
    if (cloning != null) {
      off(channel, () -> admission.enrolClone(cloning, asked, nonce), enrolled(channel));
      return;
    }
    Agent known = agent;
    FromAgent.Hello told = hello;
    if (known == null || told == null) {
      throw new IllegalStateException("a challenge without a hello");
    }
    off(
        channel,
        () -> admission.judge(known, told.machine(), asked, nonce),
        proof -> letIn(channel, known, told, proof));
  }

  private void letIn(
      ChannelHandlerContext channel, Agent known, FromAgent.Hello told, String proof) {
    AgentLink fresh =
        new AgentLink(
            channel.channel(),
            known.id(),
            Admission.ref(known.vm()),
            told,
            proof,
            context.clock().instant(),
            context.ticker());
    off(
        channel,
        () -> {
          context.registry().seen(known.id());
          if (!told.machine().bootId().equals(known.bootId())) {
            context.registry().booted(known.id(), told.machine().bootId());
          }
          return true;
        },
        _ -> welcome(channel, known, fresh));
  }

  private void welcome(ChannelHandlerContext channel, Agent known, AgentLink fresh) {
    int most = context.settings().maxConnections();
    if (context.links().count() >= most) {
      throw new ProtocolException(RefusalCode.LIMIT, "there are " + most + " agents already");
    }
    if (!context.links().take(fresh)) {
      AgentLink old = context.links().find(fresh.vm()).orElse(null);
      boolean rebooted =
          old != null
              && fresh.proof().equals("nonce")
              && !old.machine().bootId().equals(fresh.machine().bootId());
      if (old != null && rebooted) {
        // The machine proved by the hypervisor has booted since: the old connection is dead.
        context.links().leave(old);
        old.close();
      }
      if (!rebooted || !context.links().take(fresh)) {
        throw new ProtocolException(
            RefusalCode.DUPLICATE, "another agent is connected for this machine");
      }
    }
    link = fresh;
    doorway.leave(channel.channel());
    long beat = context.settings().heartbeat().toSeconds();
    channel
        .pipeline()
        .addBefore(
            "agent", "silence", new ReadTimeoutHandler(beat * MISSED_HEARTBEATS, TimeUnit.SECONDS));
    LOG.info("agent {} of {} is connected ({})", known.id(), fresh.vm(), fresh.proof());
    send(
        channel, new FromCoordinator.Welcome((int) beat, known.id(), admission.shouldRenew(known)));
  }

  private void serve(ChannelHandlerContext channel, AgentLink in, Message message) {
    switch (message) {
      case Message.Heartbeat told -> answer(channel, told);
      case FromAgent.Prepared told -> freeze(in, told, told.session());
      case FromAgent.Frozen told -> freeze(in, told, told.session());
      case FromAgent.Thawed told -> freeze(in, told, told.session());
      case FromAgent.Document told -> freeze(in, told, told.session());
      case FromAgent.Report told -> freeze(in, told, told.session());
      case FromAgent.Failed told -> failed(in, told);
      case FromAgent.Idle _ -> {
        chatter.said(1);
        in.idle();
      }
      case FromAgent.Shutdown _ -> goodbye(in);
      case FromAgent.Renew told -> {
        Agent known = agent;
        if (known == null || waiting) {
          throw new ProtocolException(RefusalCode.PROTOCOL, "one renewal at a time");
        }
        chatter.said(Chatter.RENEWAL);
        off(channel, () -> admission.renew(known, told.csr()), renewed -> send(channel, renewed));
      }
      case Message.Unknown told -> unknown(channel, told);
      default ->
          throw new ProtocolException(
              RefusalCode.PROTOCOL, message.getClass().getSimpleName() + " does not belong here");
    }
  }

  private static void send(ChannelHandlerContext channel, Message message) {
    if (!channel.channel().isWritable()) {
      // It asks and does not listen: nothing is piled up for it.
      Object _ = channel.close();
      return;
    }
    Object _ = channel.writeAndFlush(message);
  }

  /** The guest's last word; on its way to the disk it must not hold up the event loop. */
  private void goodbye(AgentLink in) {
    chatter.said(Chatter.RENEWAL);
    LOG.info("the guest of {} shuts down", in.vm());
    context.blocking().execute(() -> context.shutdowns().said(in));
  }

  private void answer(ChannelHandlerContext channel, Message.Heartbeat told) {
    chatter.said(1);
    send(channel, told);
  }

  /** A message about a freeze; those of one that is over are heard, but not without end. */
  private void freeze(AgentLink in, FromAgent told, UUID session) {
    if (!in.receive(told, session)) {
      chatter.said(1);
    }
  }

  private void failed(AgentLink in, FromAgent.Failed told) {
    UUID session = told.session();
    if (session == null) {
      chatter.said(1);
      LOG.info("the agent of {} says {}: {}", in.vm(), told.code(), told.message());
    } else {
      freeze(in, told, session);
    }
  }

  private void unknown(ChannelHandlerContext channel, Message.Unknown told) {
    chatter.said(1);
    send(
        channel,
        new FromAgent.Failed(null, "", "UNKNOWN", "no message " + told.type() + " is known", ""));
  }

  /** Runs what may wait, then goes on here. */
  private <T> void off(ChannelHandlerContext channel, Callable<T> work, Consumer<T> then) {
    waiting = true;
    context
        .blocking()
        .execute(
            () -> {
              try {
                T done = work.call();
                channel
                    .executor()
                    .execute(
                        () -> {
                          waiting = false;
                          if (channel.channel().isActive()) {
                            go(channel, then, done);
                          }
                        });
              } catch (Exception e) {
                channel.executor().execute(() -> exceptionCaught(channel, e));
              }
            });
  }

  private <T> void go(ChannelHandlerContext channel, Consumer<T> then, T done) {
    try {
      then.accept(done);
    } catch (RuntimeException e) {
      exceptionCaught(channel, e);
    }
  }

  private static @Nullable X509Certificate certificate(ChannelHandlerContext channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    try {
      return tls != null
              && tls.engine().getSession().getPeerCertificates()[0] instanceof X509Certificate own
          ? own
          : null;
    } catch (SSLPeerUnverifiedException e) {
      LOG.trace("a client without a certificate", e);
      return null;
    }
  }

  /**
   * A handshake that runs out of time is told here alone; any other failure is an exception, too.
   */
  @Override
  public void userEventTriggered(ChannelHandlerContext channel, Object event) {
    if (event instanceof SslHandshakeCompletionEvent done
        && done.cause() instanceof SslHandshakeTimeoutException) {
      note(channel, "TLS", "the handshake took too long");
    }
    channel.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext channel, Throwable error) {
    Throwable cause = error.getCause() == null ? error : error.getCause();
    if (error instanceof ProtocolException told) {
      refuse(channel, told.code(), String.valueOf(told.getMessage()));
    } else if (cause instanceof ProtocolException told) {
      refuse(channel, told.code(), String.valueOf(told.getMessage()));
    } else if (error instanceof DvxException told) {
      // The inventory or the disk does not answer: the agent comes again.
      refuse(channel, RefusalCode.BUSY, told.getMessage() == null ? "" : told.getMessage());
    } else if (error instanceof ReadTimeoutException) {
      LOG.warn("an agent at {} is silent", channel.channel().remoteAddress());
      Object _ = channel.close();
    } else if (cause instanceof SSLException) {
      note(channel, "TLS", String.valueOf(cause.getMessage()));
      Object _ = channel.close();
    } else {
      LOG.debug("the connection from {} ends", channel.channel().remoteAddress(), error);
      Object _ = channel.close();
    }
  }

  private void refuse(ChannelHandlerContext channel, RefusalCode code, String reason) {
    if (refused) {
      return;
    }
    refused = true;
    note(channel, code.name(), reason);
    Object _ =
        channel
            .writeAndFlush(new FromCoordinator.Refused(code, reason))
            .addListener(ChannelFutureListener.CLOSE);
  }

  private void note(ChannelHandlerContext channel, String code, String reason) {
    context.meters().refused(code);
    Agent known = agent;
    String client = String.valueOf(channel.channel().remoteAddress());
    String id = known == null ? "" : known.id().toString();
    String vm = known == null ? "" : known.vm();
    context.blocking().execute(() -> context.refusals().note(code, reason, client, id, vm));
  }

  @Override
  public void channelInactive(ChannelHandlerContext channel) {
    AgentLink in = link;
    if (in != null) {
      LOG.info("the agent of {} is disconnected", in.vm());
      context.links().leave(in);
      in.lost();
    }
    channel.fireChannelInactive();
  }
}
