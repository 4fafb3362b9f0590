package org.opendvx.server.api;

/**
 * A token that was just made.
 *
 * @param secret shown this once
 */
public record NewTokenView(TokenView token, String secret) {}
