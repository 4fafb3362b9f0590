package org.opendvx.server.rest;

import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.DynamicFeature;
import jakarta.ws.rs.container.ResourceInfo;
import jakarta.ws.rs.core.FeatureContext;
import jakarta.ws.rs.core.SecurityContext;
import java.lang.reflect.Method;
import java.security.Principal;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.Kind;
import org.opendvx.server.security.FailureLimiter;
import org.opendvx.server.security.Role;
import org.opendvx.server.security.TokenStore;
import org.opendvx.server.security.TokenStore.Token;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets a request through to a resource method only with a token whose role covers the method. */
final class Access implements DynamicFeature {
  private static final Logger LOG = LoggerFactory.getLogger(Access.class);
  private static final String SCHEME = "Bearer ";

  private final TokenStore tokens;
  private final FailureLimiter failures;

  Access(TokenStore tokens, FailureLimiter failures) {
    this.tokens = tokens;
    this.failures = failures;
  }

  @Override
  public void configure(ResourceInfo resource, FeatureContext context) {
    Method method = resource.getResourceMethod();
    Requires requires = method.getAnnotation(Requires.class);
    if (requires != null) {
      context.register(new Guard(requires.value()), Priorities.AUTHENTICATION);
    } else if (method.getDeclaringClass().getName().startsWith("org.glassfish.jersey.")) {
      // Its own answers to OPTIONS.
      context.register(new Guard(Role.VIEWER), Priorities.AUTHENTICATION);
    } else if (!method.isAnnotationPresent(Open.class)) {
      throw new IllegalStateException(method + " says neither who may call it nor that all may");
    }
  }

  private final class Guard implements ContainerRequestFilter {
    private final Role needed;

    Guard(Role needed) {
      this.needed = needed;
    }

    @Override
    public void filter(ContainerRequestContext request) {
      Token token = token(request);
      if (!token.role().covers(needed)) {
        throw DvxException.of(Kind.DENIED, "This token may not do that")
            .cause(
                "It has the role " + token.role().word() + ", and " + needed.word() + " is needed")
            .remedy("Use a token with that role; dvx token create makes one")
            .build();
      }
      request.setSecurityContext(new Caller(token, request.getSecurityContext()));
    }

    private Token token(ContainerRequestContext request) {
      String header = request.getHeaderString("Authorization");
      Optional<Token> token =
          header != null && header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
              ? tokens.check(header.substring(SCHEME.length()).strip())
              : Optional.empty();
      return token.orElseThrow(() -> refused(header, Exchange.client(request)));
    }

    private RuntimeException refused(@Nullable String header, String client) {
      if (header == null) {
        return DvxException.of(Kind.UNAUTHENTICATED, "The node does not know who asks")
            .cause("The request carries no token")
            .remedy("Send Authorization: Bearer TOKEN; the first token is in the data folder")
            .build();
      }
      long seconds = failures.failed(client);
      if (seconds > 0) {
        return new TooManyException(seconds);
      }
      LOG.warn("a token from {} was refused", client);
      return DvxException.of(Kind.UNAUTHENTICATED, "The node does not know this token")
          .cause("It is wrong, has expired or was revoked")
          .remedy("Ask an administrator for another one (dvx token create)")
          .build();
    }
  }

  /** Who calls. */
  private record Caller(Token token, @Nullable SecurityContext before) implements SecurityContext {
    @Override
    public Principal getUserPrincipal() {
      return token::id;
    }

    @Override
    public boolean isUserInRole(String role) {
      return token.role().covers(Role.of(role));
    }

    @Override
    public boolean isSecure() {
      return before != null && before.isSecure();
    }

    @Override
    public String getAuthenticationScheme() {
      return "Bearer";
    }
  }
}
