package org.opendvx.server.security;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Json;

/**
 * The tokens that REST accepts. A token is {@code dvx_ID_SECRET}: the id finds it, of the 256-bit
 * secret only the SHA-256 is kept, in a file of the data folder. Thread-safe.
 */
public final class TokenStore {
  private static final int FORMAT = 1;
  private static final int MAX_FILE = 4 << 20;
  private static final int MAX_TOKENS = 1000;
  private static final int SECRET_BYTES = 32;
  private static final String PREFIX = "dvx_";

  /** The id of the token that is made at the first start. */
  public static final String FIRST = "initial";

  private final ObjectMapper json = Json.lenient();
  private final SecureRandom random = new SecureRandom();
  private final Path file;
  private final Clock clock;
  private final Map<String, Token> tokens = new LinkedHashMap<>();

  /**
   * A token as it is kept.
   *
   * @param hash SHA-256 of the secret as hex digits
   * @param expires null when it does not
   */
  public record Token(
      String id, String name, Role role, String hash, Instant created, @Nullable Instant expires) {
    /** What a log may show. */
    @Override
    public String toString() {
      return "Token[" + id + " " + name + " " + role.word() + "]";
    }
  }

  /**
   * A new token.
   *
   * @param secret what its holder presents; it is not kept and cannot be shown again
   */
  public record Issued(Token token, String secret) {
    @Override
    public String toString() {
      return "Issued[" + token + "]";
    }
  }

  private record TokenFile(int format, List<Token> tokens) {}

  private TokenStore(Path file, Clock clock) {
    this.file = file;
    this.clock = clock;
  }

  /**
   * Opens the tokens of a data folder. Where there are none, an administrator's token is made and
   * written into a file of its own.
   *
   * @param initial where a first token goes
   */
  public static TokenStore open(Path file, Path initial, Clock clock) {
    TokenStore store = new TokenStore(file, clock);
    if (Files.exists(file)) {
      store.load();
    } else {
      Issued first = store.add(FIRST, "made at the first start", Role.ADMIN, null);
      PrivateFiles.write(initial, (first.secret() + "\n").getBytes(StandardCharsets.UTF_8));
      store.save();
    }
    return store;
  }

  /** Makes a token. */
  public synchronized Issued create(String name, Role role, @Nullable Duration life) {
    if (tokens.size() >= MAX_TOKENS) {
      throw DvxException.of(Kind.CONFLICT, "There are too many tokens")
          .cause("At most " + MAX_TOKENS + " can exist")
          .remedy("Revoke some that are not used")
          .build();
    }
    String id = HexFormat.of().formatHex(bytes(6));
    Issued issued = add(id, name, role, life == null ? null : clock.instant().plus(life));
    try {
      save();
    } catch (DvxException e) {
      tokens.remove(id);
      throw e;
    }
    return issued;
  }

  /** All tokens, oldest first. */
  public synchronized List<Token> list() {
    return List.copyOf(tokens.values());
  }

  /**
   * Takes a token back at once.
   *
   * @throws DvxException NOT_FOUND; CONFLICT for the last administrator's token
   */
  public synchronized void revoke(String id) {
    Token token = tokens.get(id);
    if (token == null) {
      throw DvxException.of(Kind.NOT_FOUND, "There is no such token")
          .cause("No token has the id " + id)
          .remedy("dvx token list shows the ids")
          .build();
    }
    boolean last =
        token.role() == Role.ADMIN
            && tokens.values().stream().filter(this::aliveAdmin).allMatch(token::equals);
    if (last) {
      throw DvxException.of(Kind.CONFLICT, "The last administrator's token stays")
          .cause("Without it nobody could make another one")
          .remedy("Make another token with --role admin first")
          .detail("token", id)
          .build();
    }
    tokens.remove(id);
    try {
      save();
    } catch (DvxException e) {
      tokens.put(id, token);
      throw e;
    }
  }

  /** The token that a client presents, if it is known and has not expired. */
  public Optional<Token> check(String presented) {
    String[] parts = presented.split("_", 3);
    if (parts.length != 3 || !presented.startsWith(PREFIX) || presented.length() > 200) {
      return Optional.empty();
    }
    Token token;
    synchronized (this) {
      token = tokens.get(parts[1]);
    }
    byte[] expected = (token == null ? "" : token.hash()).getBytes(StandardCharsets.US_ASCII);
    byte[] actual = hash(parts[2]).getBytes(StandardCharsets.US_ASCII);
    if (!MessageDigest.isEqual(expected, actual) || token == null || expired(token)) {
      return Optional.empty();
    }
    return Optional.of(token);
  }

  private boolean aliveAdmin(Token token) {
    return token.role() == Role.ADMIN && !expired(token);
  }

  private boolean expired(Token token) {
    Instant end = token.expires();
    return end != null && !clock.instant().isBefore(end);
  }

  private Issued add(String id, String name, Role role, @Nullable Instant expires) {
    String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes(SECRET_BYTES));
    Token token = new Token(id, name, role, hash(secret), clock.instant(), expires);
    tokens.put(id, token);
    return new Issued(token, PREFIX + id + "_" + secret);
  }

  private void load() {
    try {
      TokenFile content = json.readValue(PrivateFiles.read(file, MAX_FILE), TokenFile.class);
      if (content.format() > FORMAT) {
        throw DvxException.of(Kind.UNSUPPORTED, "The tokens are of an unknown format")
            .cause("A newer version of the program wrote them")
            .remedy("Use that version or a newer one; nothing was changed")
            .detail("file", file)
            .detail("format", content.format())
            .build();
      }
      content.tokens().forEach(token -> tokens.put(token.id(), token));
    } catch (IOException e) {
      throw DvxException.of(Kind.CORRUPT, "The tokens cannot be read")
          .cause("The file is damaged")
          .causedBy(e)
          .remedy("Put a copy back; or delete the file: a new administrator's token is made then")
          .detail("file", file)
          .build();
    }
  }

  private void save() {
    try {
      PrivateFiles.write(
          file,
          json.writerWithDefaultPrettyPrinter()
              .writeValueAsBytes(new TokenFile(FORMAT, List.copyOf(tokens.values()))));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("tokens cannot be written as JSON", e);
    }
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  private static String hash(String secret) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(secret.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
