package org.opendvx.server.rest;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonMappingException;
import jakarta.inject.Provider;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.opendvx.core.datastore.FileException;
import org.opendvx.core.error.DvxException;
import org.opendvx.core.error.ErrorReport;
import org.opendvx.core.error.Kind;
import org.opendvx.server.api.Problem;
import org.opendvx.server.service.Unexpected;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers every failure with a problem as RFC 9457 has it. */
final class ProblemMapper implements ExceptionMapper<Throwable> {
  private static final Logger LOG = LoggerFactory.getLogger(ProblemMapper.class);

  @Context private Provider<ContainerRequestContext> request;

  @SuppressWarnings("NullAway.Init") // Jersey sets the annotated field
  ProblemMapper() {}

  @Override
  public Response toResponse(Throwable error) {
    Problem problem = problem(error);
    if (problem.status() >= 500 && error instanceof DvxException) {
      LOG.warn("request {} failed: {}", problem.instance(), error.getMessage());
    }
    Response.ResponseBuilder response =
        Response.status(problem.status()).type(Problem.MEDIA_TYPE).entity(problem);
    if (error instanceof TooManyException limited) {
      response.header("Retry-After", limited.retryAfterSeconds());
    }
    if (error instanceof WebApplicationException web
        && web.getResponse().getHeaderString("Allow") != null) {
      response.header("Allow", web.getResponse().getHeaderString("Allow"));
    }
    return response.build();
  }

  private Problem problem(Throwable error) {
    String id = Exchange.id(request.get());
    return switch (error) {
      case DvxException told -> Problem.of(told, id);
      case FileException refused ->
          Problem.of(Unexpected.refused("The datastore refused this", refused), id);
      case LimitException limit -> Problem.of(limit.kind(), limit.status(), limit.report(), id);
      case TooManyException _ ->
          Problem.of(
              Kind.UNAUTHENTICATED,
              429,
              new ErrorReport(
                  "Too many refused tokens",
                  "This address has sent too many wrong tokens",
                  "Wait a minute and use a good token",
                  Map.of()),
              id);
      case JacksonException bad -> Problem.of(Kind.INVALID, 400, badJson(bad), id);
      case WebApplicationException web -> protocol(web, id);
      default -> {
        LOG.error("request {} failed", id, error);
        yield Problem.of(Unexpected.fault(error), id);
      }
    };
  }

  private static Problem protocol(WebApplicationException error, String id) {
    int status = error.getResponse().getStatus();
    Throwable cause = error.getCause();
    if (status == 400 && cause instanceof JacksonException bad) {
      return Problem.of(Kind.INVALID, 400, badJson(bad), id);
    }
    return switch (status) {
      case 404 ->
          problem(
              Kind.NOT_FOUND, 404, "There is nothing at this address", "The path is unknown", id);
      case 405 ->
          problem(
              Kind.UNSUPPORTED,
              405,
              "This method is not offered here",
              "The path exists, the method does not",
              id);
      case 406 ->
          problem(
              Kind.UNSUPPORTED, 406, "The node cannot answer in that form", "It speaks JSON", id);
      case 415 ->
          problem(
              Kind.UNSUPPORTED,
              415,
              "The node cannot read that form",
              "It reads application/json",
              id);
      default ->
          problem(
              status >= 500 ? Kind.INTERNAL : Kind.INVALID,
              status,
              "The request cannot be answered",
              "It is not well formed",
              id);
    };
  }

  private static Problem problem(
      Kind kind, int status, String what, String cause, @Nullable String id) {
    return Problem.of(
        kind,
        status,
        new ErrorReport(what, cause, "GET /api/v1/openapi.yaml describes the API", Map.of()),
        id);
  }

  /** Tells where the JSON is wrong, without repeating what was sent. */
  private static ErrorReport badJson(JacksonException bad) {
    String where = "";
    if (bad instanceof JsonMappingException mapping) {
      where =
          mapping.getPath().stream()
              .map(
                  part ->
                      part.getFieldName() == null
                          ? "[" + part.getIndex() + "]"
                          : part.getFieldName())
              .collect(Collectors.joining("."));
    }
    String cause =
        where.isEmpty()
            ? "It is no valid JSON"
            : "There is no such member, or its value has the wrong type: " + shortened(where);
    return new ErrorReport(
        "The body of the request cannot be read",
        cause,
        "GET /api/v1/openapi.yaml describes what each request takes",
        Map.of());
  }

  private static String shortened(String text) {
    String plain = text.replaceAll("[^\\w.\\[\\]-]", "?");
    return plain.length() <= 100 ? plain : plain.substring(0, 100) + "...";
  }
}
