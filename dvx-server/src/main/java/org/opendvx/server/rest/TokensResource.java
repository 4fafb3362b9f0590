package org.opendvx.server.rest;

import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.opendvx.server.api.NewTokenView;
import org.opendvx.server.api.Page;
import org.opendvx.server.api.TokenRequest;
import org.opendvx.server.api.TokenView;
import org.opendvx.server.security.Role;
import org.opendvx.server.security.TokenStore;
import org.opendvx.server.service.EventLog;

/** Tokens. */
@Path("api/v1/tokens")
@Produces(MediaType.APPLICATION_JSON)
@Consumes(MediaType.APPLICATION_JSON)
public final class TokensResource {
  private static final long MAX_LIFE_SECONDS = 10L * 366 * 24 * 3600;
  private static final int MAX_NAME = 100;

  private final TokenStore tokens;
  private final EventLog events;

  /** Over these. */
  public TokensResource(TokenStore tokens, EventLog events) {
    this.tokens = tokens;
    this.events = events;
  }

  /** All tokens, without their secrets. */
  @GET
  @Requires(Role.ADMIN)
  public Page<TokenView> list() {
    return new Page<>(tokens.list().stream().map(TokensResource::view).toList(), null);
  }

  /** Makes a token. */
  @POST
  @Requires(Role.ADMIN)
  public Response create(@Nullable TokenRequest body) {
    TokenRequest request = Params.body(body);
    String name = Params.required("name", request.name());
    if (name.length() > MAX_NAME || name.chars().anyMatch(Character::isISOControl)) {
      throw Params.bad("name", "has at most " + MAX_NAME + " characters");
    }
    Long seconds = request.lifeSeconds();
    if (seconds != null && (seconds < 1 || seconds > MAX_LIFE_SECONDS)) {
      throw Params.bad("lifeSeconds", "is 1 to " + MAX_LIFE_SECONDS);
    }
    TokenStore.Issued issued =
        tokens.create(
            name,
            role(Params.required("role", request.role())),
            seconds == null ? null : Duration.ofSeconds(seconds));
    events.add(
        EventLog.Severity.INFO,
        "token.created",
        issued.token().id(),
        "a token for " + name + " with the role " + issued.token().role().word());
    return Response.status(Response.Status.CREATED)
        .entity(new NewTokenView(view(issued.token()), issued.secret()))
        .build();
  }

  /** Takes a token back. */
  @DELETE
  @Path("{id}")
  @Requires(Role.ADMIN)
  public void revoke(@PathParam("id") String id) {
    tokens.revoke(id);
    events.add(EventLog.Severity.INFO, "token.revoked", id, "the token was revoked");
  }

  private static Role role(String word) {
    try {
      return Role.of(word);
    } catch (IllegalArgumentException e) {
      throw Params.bad("role", "is viewer, operator or admin");
    }
  }

  private static TokenView view(TokenStore.Token token) {
    return new TokenView(
        token.id(), token.name(), token.role().word(), token.created(), token.expires());
  }
}
