package org.opendvx.coordinator.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Messages as JSON objects. Thread-safe. */
public final class MessageCodec {
  private static final int MAX_NUMBER = 20;
  private static final int MAX_KEY = 64;
  private static final ObjectMapper JSON = mapper();

  private static final Map<String, Class<? extends Message>> TYPES = types();
  private static final Map<Class<? extends Message>, String> NAMES = names();

  private MessageCodec() {}

  private static Map<String, Class<? extends Message>> types() {
    Map<String, Class<? extends Message>> types = new LinkedHashMap<>();
    types.put("heartbeat", Message.Heartbeat.class);
    types.put("enroll", FromAgent.Enroll.class);
    types.put("hello", FromAgent.Hello.class);
    types.put("proof", FromAgent.Proof.class);
    types.put("renew", FromAgent.Renew.class);
    types.put("prepared", FromAgent.Prepared.class);
    types.put("frozen", FromAgent.Frozen.class);
    types.put("thawed", FromAgent.Thawed.class);
    types.put("document", FromAgent.Document.class);
    types.put("report", FromAgent.Report.class);
    types.put("idle", FromAgent.Idle.class);
    types.put("shutdown", FromAgent.Shutdown.class);
    types.put("failed", FromAgent.Failed.class);
    types.put("enrolled", FromCoordinator.Enrolled.class);
    types.put("challenge", FromCoordinator.Challenge.class);
    types.put("welcome", FromCoordinator.Welcome.class);
    types.put("renewed", FromCoordinator.Renewed.class);
    types.put("refused", FromCoordinator.Refused.class);
    types.put("prepare", FromCoordinator.Prepare.class);
    types.put("freeze", FromCoordinator.Freeze.class);
    types.put("committed", FromCoordinator.Committed.class);
    types.put("reported", FromCoordinator.Reported.class);
    types.put("abort", FromCoordinator.Abort.class);
    return Map.copyOf(types);
  }

  private static Map<Class<? extends Message>, String> names() {
    Map<Class<? extends Message>, String> names = new LinkedHashMap<>();
    TYPES.forEach((name, type) -> names.put(type, name));
    return Map.copyOf(names);
  }

  private static ObjectMapper mapper() {
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(Frame.MAX_DEPTH)
                    .maxStringLength(Frame.MAX_STRING)
                    .maxNumberLength(MAX_NUMBER)
                    .maxNameLength(MAX_KEY)
                    .maxDocumentLength(Frame.MAX_BODY)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    return JsonMapper.builder(factory)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .build();
  }

  /** The name of a message on the wire. */
  public static String name(Message message) {
    return message instanceof Message.Unknown(String type)
        ? type
        : Objects.requireNonNull(NAMES.get(message.getClass()));
  }

  /**
   * Reads a body.
   *
   * @throws ProtocolException PROTOCOL or LIMIT
   */
  public static Envelope decode(byte[] body) {
    try {
      // Jackson would replace broken UTF-8 in places; here it is an error.
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
      JsonNode tree = JSON.readTree(text);
      if (!(tree instanceof ObjectNode object)) {
        throw Limits.bad("a body that is no object");
      }
      checkArrays(object);
      JsonNode seq = object.get("seq");
      JsonNode type = object.get("type");
      if (seq == null || !seq.canConvertToLong() || !seq.isIntegralNumber()) {
        throw Limits.bad("seq is missing");
      }
      if (type == null || !type.isTextual()) {
        throw Limits.bad("type is missing");
      }
      Class<? extends Message> known = TYPES.get(type.textValue());
      if (known == null) {
        String name = type.textValue();
        return new Envelope(
            seq.longValue(),
            new Message.Unknown(name.length() <= MAX_KEY ? name : name.substring(0, MAX_KEY)));
      }
      return new Envelope(seq.longValue(), JSON.treeToValue(object, known));
    } catch (StreamConstraintsException e) {
      throw new ProtocolException(RefusalCode.LIMIT, "a body beyond the limits");
    } catch (JsonProcessingException e) {
      if (e.getCause() instanceof ProtocolException told) {
        throw told;
      }
      throw Limits.bad("a body that cannot be read: " + e.getClass().getSimpleName());
    } catch (CharacterCodingException e) {
      throw Limits.bad("a body that is no UTF-8");
    }
  }

  private static void checkArrays(JsonNode node) {
    if (node.isArray() && node.size() > Frame.MAX_ARRAY) {
      throw new ProtocolException(RefusalCode.LIMIT, "an array of " + node.size() + " elements");
    }
    node.forEach(MessageCodec::checkArrays);
  }

  /** Writes a body. */
  public static byte[] encode(Message message, long seq) {
    ObjectNode object = JSON.valueToTree(message);
    object.put("type", name(message));
    object.put("seq", seq);
    try {
      byte[] body = JSON.writeValueAsBytes(object);
      if (body.length > Frame.MAX_BODY) {
        throw new IllegalStateException("a message of " + body.length + " bytes");
      }
      return body;
    } catch (IOException e) {
      throw new IllegalStateException("a record of texts and numbers can be written", e);
    }
  }
}
