package org.opendvx.coordinator.registry;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.std.FromStringDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.opendvx.coordinator.pki.EnrolmentToken;
import org.opendvx.coordinator.store.StateFile;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.core.vm.VmRef;

/**
 * Agents and tokens, in one file that is replaced whole: what a method changed is durable when it
 * returns, and what could not be written did not happen. Thread-safe.
 */
public final class AgentRegistry {
  private static final int FORMAT = 1;
  private static final int MAX_FILE = 64 << 20;
  private static final int MAX_AGENTS = 20_000;
  private static final int MAX_TOKENS = 10_000;
  private static final Duration MIN_LIFE = Duration.ofMinutes(1);
  private static final Duration MAX_LIFE = Duration.ofHours(24);

  private final Path file;
  private final Clock clock;
  private final ObjectMapper json = mapper();
  private final Map<UUID, Agent> agents = new LinkedHashMap<>();
  private final Map<String, Token> tokens = new LinkedHashMap<>();

  private AgentRegistry(Path file, Clock clock) {
    this.file = file;
    this.clock = clock;
  }

  private static ObjectMapper mapper() {
    SimpleModule times = new SimpleModule();
    times.addSerializer(Instant.class, ToStringSerializer.instance);
    times.addDeserializer(Instant.class, new Moment());
    return JsonMapper.builder()
        .addModule(times)
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .build();
  }

  private static final class Moment extends FromStringDeserializer<Instant> {
    private static final long serialVersionUID = 1L;

    Moment() {
      super(Instant.class);
    }

    @Override
    protected Instant _deserialize(
        String value, com.fasterxml.jackson.databind.DeserializationContext context) {
      return Instant.parse(value);
    }
  }

  /**
   * Opens a registry, empty when there is no file.
   *
   * @throws DvxException CORRUPT, or UNSUPPORTED when a newer version wrote it
   */
  public static AgentRegistry open(Path file, Clock clock) {
    AgentRegistry registry = new AgentRegistry(file, clock);
    StateFile.read(file, MAX_FILE).ifPresent(registry::load);
    return registry;
  }

  private void load(byte[] bytes) {
    try {
      JsonNode tree = json.readTree(bytes);
      if (tree.path("format").asInt() > FORMAT) {
        throw DvxException.of(Kind.UNSUPPORTED, "The list of agents is of an unknown format")
            .cause("A newer version of the program wrote it")
            .remedy("Use that version or a newer one; nothing was changed")
            .detail("file", file)
            .build();
      }
      for (Agent agent :
          json.convertValue(tree.path("agents"), new TypeReference<List<Agent>>() {})) {
        agents.put(agent.id(), agent);
      }
      for (Token token :
          json.convertValue(tree.path("tokens"), new TypeReference<List<Token>>() {})) {
        tokens.put(token.hash(), token);
      }
    } catch (IOException | IllegalArgumentException e) {
      throw DvxException.of(Kind.CORRUPT, "The list of agents cannot be read")
          .causedBy(e)
          .remedy("Put a copy back; or move it away: all agents must be enrolled anew then")
          .detail("file", file)
          .build();
    }
  }

  private void save() {
    ObjectNode tree = json.createObjectNode();
    tree.put("format", FORMAT);
    tree.set("agents", json.valueToTree(agents.values()));
    tree.set("tokens", json.valueToTree(tokens.values()));
    try {
      StateFile.write(file, json.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree));
    } catch (IOException e) {
      throw new IllegalStateException("texts can be written as JSON", e);
    }
  }

  /** Runs a change; takes it back when it cannot be made durable. */
  private void durably(Runnable change) {
    Map<UUID, Agent> agentsBefore = new LinkedHashMap<>(agents);
    Map<String, Token> tokensBefore = new LinkedHashMap<>(tokens);
    change.run();
    try {
      save();
    } catch (RuntimeException e) {
      agents.clear();
      agents.putAll(agentsBefore);
      tokens.clear();
      tokens.putAll(tokensBefore);
      throw e;
    }
  }

  /**
   * Keeps a token for a machine.
   *
   * @param secret of which the hash is kept
   * @param life 1 minute to 24 hours
   * @param by who asked for it
   */
  public synchronized Token addToken(String secret, VmRef vm, Duration life, String by) {
    if (life.compareTo(MIN_LIFE) < 0 || life.compareTo(MAX_LIFE) > 0) {
      throw DvxException.of(Kind.INVALID, "The token cannot be made")
          .cause("It must live 1 minute to 24 hours")
          .remedy("Give another life")
          .build();
    }
    Instant now = clock.instant();
    Token token = new Token(EnrolmentToken.hash(secret), vm.toString(), now, now.plus(life), by);
    durably(
        () -> {
          tokens.values().removeIf(old -> !old.expires().isAfter(now));
          if (tokens.size() >= MAX_TOKENS) {
            throw DvxException.of(Kind.CONFLICT, "There are too many tokens")
                .cause(MAX_TOKENS + " wait to be used")
                .remedy("Wait until some expire")
                .build();
          }
          tokens.put(token.hash(), token);
        });
    return token;
  }

  /** The token of a hash, empty when it is unknown, used up or expired. */
  public synchronized Optional<Token> token(String hash) {
    return Optional.ofNullable(tokens.get(hash))
        .filter(token -> clock.instant().isBefore(token.expires()));
  }

  /**
   * Binds a new agent to its machine, uses up the token, and sets earlier agents of the machine
   * aside.
   *
   * @param tokenHash empty when there was none
   * @return false when the token was used meanwhile: nothing is changed then
   */
  public synchronized boolean enrol(Agent agent, String tokenHash) {
    if (!tokenHash.isEmpty() && token(tokenHash).isEmpty()) {
      return false;
    }
    durably(
        () -> {
          if (agents.size() >= MAX_AGENTS) {
            agents.values().removeIf(old -> old.state() != Agent.State.ACTIVE);
          }
          if (agents.size() >= MAX_AGENTS) {
            throw DvxException.of(Kind.CONFLICT, "There are too many agents")
                .cause(MAX_AGENTS + " are enrolled")
                .remedy("Revoke those of machines that are gone")
                .build();
          }
          tokens.remove(tokenHash);
          agents.replaceAll(
              (_, old) ->
                  old.vm().equals(agent.vm()) && old.state() == Agent.State.ACTIVE
                      ? old.with(Agent.State.REPLACED)
                      : old);
          agents.put(agent.id(), agent);
        });
    return true;
  }

  /** An agent by id. */
  public synchronized Optional<Agent> agent(UUID id) {
    return Optional.ofNullable(agents.get(id));
  }

  /** The agent whose certificates count for a machine. */
  public synchronized Optional<Agent> active(VmRef vm) {
    String name = vm.toString();
    return agents.values().stream()
        .filter(agent -> agent.state() == Agent.State.ACTIVE && agent.vm().equals(name))
        .findFirst();
  }

  /** All, in the order of their enrolment. */
  public synchronized List<Agent> agents() {
    return new ArrayList<>(agents.values());
  }

  /** A certificate was issued and waits for its first use. */
  public synchronized void issued(UUID id, String serial, Instant notAfter) {
    change(id, agent -> agent.withSerials(agent.serial(), serial, notAfter));
  }

  /** The new certificate was used: the old one counts no more. */
  public synchronized void used(UUID id) {
    change(id, agent -> agent.withSerials(agent.nextSerial(), "", agent.notAfter()));
  }

  /** The machine booted. */
  public synchronized void booted(UUID id, String bootId) {
    change(id, agent -> agent.withBoot(bootId, clock.instant()));
  }

  /** Its guest said that it shuts down to go off. */
  public synchronized void goodbye(UUID id) {
    change(id, agent -> agent.withGoodbye(clock.instant()));
  }

  /** It runs: what was said of a shutdown is worth nothing any more. */
  public synchronized void seen(UUID id) {
    Agent agent = agents.get(id);
    if (agent != null && !agent.goodbye().equals(Instant.EPOCH)) {
      change(id, old -> old.withGoodbye(Instant.EPOCH));
    }
  }

  /**
   * Takes an agent's certificates back.
   *
   * @throws DvxException NOT_FOUND
   */
  public synchronized Agent revoke(UUID id) {
    change(id, agent -> agent.with(Agent.State.REVOKED));
    return agent(id).orElseThrow();
  }

  private void change(UUID id, UnaryOperator<Agent> how) {
    Agent old = agents.get(id);
    if (old == null) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no such agent")
          .cause("No agent has the id " + id)
          .remedy("dvx agent list shows them")
          .build();
    }
    durably(() -> agents.put(id, how.apply(old)));
  }
}
